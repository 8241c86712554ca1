"""The ledger: over four hops, one of which is killed, each packet is accounted for."""

import json
import signal
from pathlib import Path
from urllib.parse import urlencode

from televise.link.messages import Media
from televise.link.protocol import Receiver
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.web.pump import Viewer
from tests.hub.hubs import gaps, has, hub, taking, through, to
from tests.support.process import televise
from tests.support.server import Serving
from tests.support.waiting import until
from tests.support.wire import BINARY, Stream

FILM = "cam=pattern:?size=1280x720&fps=30"
WANTED = Rendition("h264", bitrate=4_000_000)
PATH = f"/api/link/cam?{urlencode({'rendition': json.dumps(WANTED.to_json())})}"


class Slow:
    """A viewer of a link that reads when it is told to."""

    def __init__(self, stream: Stream) -> None:
        self.packets: list[Packet] = []
        self._stream = stream
        self._receiver = Receiver("provider")

    async def read(self) -> Packet:
        """The next packet."""
        while True:
            frame = await self._stream.frame()
            assert frame.opcode == BINARY
            for message in self._receiver.feed(frame.payload):
                if isinstance(message, Media):
                    self.packets.append(message.packet)
                    return message.packet


def check_balance(tv: Serving) -> None:
    """What a viewer was offered has been given to it, or was skipped, or waits for it."""
    for viewer in tv.edge.fed_with(tv.channel()):
        waiting = viewer.offered - viewer.delivered - viewer.cursor.skipped
        assert waiting == 0 if viewer.live else waiting >= 0


def check_ledger(tv: Serving, first: int) -> None:
    """Every number since the ``first`` has come, or is missing."""
    ledger, [encoding] = tv.channel().ledger, tv.channel().encodings
    newest = encoding.log.newest
    assert newest is not None
    assert ledger.received + ledger.missing == newest.sequence - first + 1
    assert ledger.strays == 0


async def test_every_packet_is_accounted_for(tmp_path: Path, unused_tcp_port: int) -> None:
    """Ingress, one of two intermediates (one of which is killed), another one, edge."""
    upstream = f"ws://127.0.0.1:{unused_tcp_port}"
    with televise("--upstream", upstream, log=tmp_path / "log") as killed:
        async with (
            hub(FILM, port=unused_tcp_port) as ingress,
            hub(upstreams=to(ingress.port)) as spare,
            hub(upstreams=to(killed.port, spare.port)) as middle,
            hub(upstreams=to(middle.port)) as edge,
        ):
            await until(lambda: all(each.offers for each in middle.server._upstreams.all))
            await has(edge)
            async with (
                taking(edge, rendition=WANTED) as witness,
                edge.stream_socket(PATH, receive_buffer=4096) as stream,
            ):
                slow = Slow(stream)
                [first] = await witness.take(1)
                await slow.read()
                for _ in range(40):
                    await witness.take(4)
                    await slow.read()
                killed.end(signal.SIGKILL)
                for _ in range(40):
                    await witness.take(4)
                    await slow.read()
                assert middle.channel().path == through(ingress, spare), "there was a fault"
                assert slow_one(edge).cursor.skipped > 0, "and a viewer that was too slow"
                # From here on it reads all, until it has what the witness has.
                while slow.packets[-1].sequence < witness.packets[-1].sequence:
                    await slow.read()
                for tv in (ingress, spare, middle, edge):
                    check_balance(tv)
                for tv in (middle, edge):
                    check_ledger(tv, first.sequence)
                skipped = slow_one(edge).cursor.skipped
    assert len(witness.epochs) == 1
    assert gaps(witness.packets) == edge.channel().ledger.missing
    assert gaps(slow.packets) == skipped + edge.channel().ledger.missing
    assert ingress.channel().ledger.missing == 0
    lost = middle.channel().ledger
    assert lost.missing + lost.repeated > 0, "the next link began elsewhere than the first ended"


def slow_one(tv: Serving) -> Viewer:
    """The second that came."""
    return tv.edge.fed_with(tv.channel())[1]
