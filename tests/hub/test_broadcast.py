"""A broadcast whose connection takes less than there is: what it leaves out, and what it says."""

import asyncio

from televise.hub.channel import Channel
from televise.hub.nats.broadcast import Broadcast
from televise.hub.nats.connection import NatsConnection
from televise.link.messages import Epoch, Media
from televise.link.nats import MessageReader
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.model.track import Track
from tests.support.no_supply import NoSupply


class Stuck(NatsConnection):
    """A server that takes nothing."""

    def __init__(self) -> None:
        pass

    async def publish(self, subject: str, message: bytes) -> None:
        await asyncio.Event().wait()


def packet(sequence: int, *, keyframe: bool = False) -> Packet:
    return Packet(0, 7, sequence, b"x", 0, 0, 1, keyframe, 0, sequence / 30)


async def test_a_keyframe_before_which_packets_were_missing_already_says_all_of_it() -> None:
    channel = Channel(parse_source("cam=pattern:"), make_supply=NoSupply)
    broadcast = Broadcast(channel, Rendition("h264"), "me", Stuck())
    encoding = broadcast.encoding
    encoding.begin(Epoch(1, 7, (Track("video", "h264", 90_000),)))
    for sequence in range(60):
        encoding.append(packet(sequence, keyframe=sequence == 0))
    encoding.explain(Dropped(slow=3))
    encoding.append(packet(63, keyframe=True))
    reader = MessageReader()
    begins, newest = reader.read(broadcast._next() or b""), reader.read(broadcast._next() or b"")
    assert isinstance(begins, Epoch)
    assert isinstance(newest, Media)
    assert (newest.packet.sequence, newest.packet.dropped) == (63, Dropped(slow=60 + 3))
    broadcast.end()
    await channel.close()
