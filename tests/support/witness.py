"""A witness: sees every packet of an encoding, as all wire formats do."""

from dataclasses import dataclass, field
from itertools import pairwise

from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from tests.support.waiting import until


@dataclass(eq=False)
class Witness(Muxer):
    """Watches ``rendition`` of ``channel`` until it leaves."""

    channel: Channel
    rendition: Rendition
    epochs: list[int] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    encoding: Encoding = field(init=False)

    def __post_init__(self) -> None:
        self.encoding = self.channel.acquire(self.rendition)
        self.encoding.muxed(self._begin)

    def _begin(self, epoch: int, tracks: tuple[Track, ...]) -> "Witness":
        self.epochs.append(epoch)
        return self

    def mux(self, packet: Packet) -> Chunk:
        self.packets.append(packet)
        return Chunk(packet.data, b"init", packet.keyframe, packet.seconds)

    def leave(self) -> None:
        self.encoding.drop(self._begin)
        self.channel.release(self.encoding)

    async def sees(self, count: int) -> None:
        """Wait for so many more packets."""
        wanted = len(self.packets) + count
        await until(lambda: len(self.packets) >= wanted)

    async def sees_epochs(self, count: int) -> None:
        await until(lambda: len({packet.epoch for packet in self.packets}) >= count)

    def check(self) -> None:
        """No packet twice, none of a former epoch, and after each gap a keyframe."""
        assert len(set(self.epochs)) == len(self.epochs)
        assert [packet.epoch for packet in self.packets] == sorted(
            (packet.epoch for packet in self.packets), key=self.epochs.index
        )
        assert self.packets[0].keyframe
        for before, after in pairwise(self.packets):
            if after.epoch == before.epoch and not after.keyframe:
                assert after.sequence == before.sequence + 1
            elif after.epoch == before.epoch:
                assert after.sequence > before.sequence
            else:
                assert after.keyframe
