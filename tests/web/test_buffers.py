"""What is kept for viewers is too much: what is forgotten, and who notices."""

from collections.abc import Iterator

import pytest

from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.hub import Hub
from televise.hub.muxed import Chunk, Muxer
from televise.link.messages import Epoch, Keyframe
from televise.model import refusals
from televise.model.log import Cursor
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.model.track import Track
from televise.web.connections.backlog import Backlog
from televise.web.connections.buffers import Buffers
from tests.support.no_supply import NoSupply

GOP, SIZE = 10, 100


class Plain(Muxer):
    """Packets as they are."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        pass

    def mux(self, packet: Packet) -> Chunk:
        return Chunk(packet.data, b"", packet.keyframe, packet.seconds)


class Scene:
    """A hub with channels of which each has one viewer, who has had all until now."""

    def __init__(self, *names: str) -> None:
        self.hub = Hub()
        self.backlog = Backlog()
        self.buffers = Buffers(self.hub, self.backlog, lambda: ())
        self.seen: dict[str, int] = dict.fromkeys(names, 0)
        self.channels = [self._add(name) for name in names]

    def _add(self, name: str) -> Channel:
        channel = self.hub.add(parse_source(f"{name}=pattern:"), NoSupply)
        encoding = channel.acquire(Rendition("h264"))
        encoding.begin(Epoch(encoding.id, 7, (Track("video", "h264", 90_000),)))
        encoding.muxed(Plain).deliver = lambda chunk: self._see(name)
        return channel

    def _see(self, name: str) -> None:
        self.seen[name] += 1

    def encoding(self, name: str) -> Encoding:
        (encoding,) = self.hub.channel(name).encodings
        return encoding

    def make(self, name: str, numbers: range) -> None:
        for number in numbers:
            keyframe = number % GOP == 0
            packet = Packet(0, 7, number, bytes(SIZE), 0, 0, 1, keyframe, 0, number / 30)
            self.encoding(name).append(packet)

    def keyframes_wanted(self, name: str) -> int:
        supply = self.hub.channel(name)._supply
        assert isinstance(supply, NoSupply)
        return sum(isinstance(each, Keyframe) for each in supply.sent)


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    before = refusals.counts["megabytes"]
    yield
    refusals.counts["megabytes"] = before


async def test_who_is_not_behind_misses_nothing_where_the_past_is_enough() -> None:
    scene = Scene("a", "b")
    scene.make("a", range(35))
    scene.make("b", range(25))
    late = Cursor(scene.encoding("a").muxed(Plain).log, 4.0, burst=4.0)
    before = refusals.counts["megabytes"]
    # Of `a` the newest group of pictures has 5, once as packets and once in the wire format.
    scene.backlog.most = (5 + 5 + 5 + 25) * SIZE
    scene.buffers.look()
    assert scene.buffers.bytes == scene.backlog.most
    assert refusals.counts["megabytes"] == before + 1
    scene.make("a", range(35, 39))
    assert scene.seen == {"a": 39, "b": 25}
    assert scene.keyframes_wanted("a") == 0
    late.read()
    assert (late.position, late.skipped) == (31, 30)


async def test_where_that_is_too_much_too_the_next_keyframe_is_asked_for() -> None:
    scene = Scene("a", "b")
    scene.make("a", range(35))
    scene.make("b", range(22))
    scene.backlog.most = 2 * 2 * SIZE
    scene.buffers.look()
    assert scene.buffers.bytes == scene.backlog.most
    scene.make("a", range(35, 41))
    scene.make("b", range(22, 25))
    assert scene.seen == {"a": 36, "b": 25}
    assert (scene.keyframes_wanted("a"), scene.keyframes_wanted("b")) == (1, 0)
