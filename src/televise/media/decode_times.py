"""Decode times for packets that have none: Matroska tells only when a picture is shown."""

from collections.abc import Iterable, Iterator, Sequence

from televise.media.source import AnyPacket, Input

Numbered = tuple[int, AnyPacket]

# FFmpeg finds them out by itself from the third or so packet on.
_MOST_WAITING = 20


class DecodeTimes:
    """Gives every packet a decode time, in growing order for each of ``inputs``."""

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._inputs = inputs
        self._waiting: dict[int, list[AnyPacket]] = {}
        self._next: dict[int, int] = {}

    def complete(self, packets: Iterable[Numbered]) -> Iterator[Numbered]:
        """The same packets; the first few wait for the first that has a decode time."""
        for index, packet in packets:
            if packet.dts is None and self._must_wait(index, packet):
                self._waiting.setdefault(index, []).append(packet)
                if len(self._waiting[index]) > _MOST_WAITING:
                    yield from self._release(index)
                continue
            yield from self._release(index, packet.dts)
            self._next[index] = (packet.dts or 0) + max(1, packet.duration or 0)
            yield index, packet
        for index in list(self._waiting):
            yield from self._release(index)

    def _must_wait(self, index: int, packet: AnyPacket) -> bool:
        """Whether nothing is known yet; else the packet is given its decode time here."""
        if not self._inputs[index].reorders:
            packet.dts = packet.pts
        elif index in self._next:
            packet.dts = self._next[index]
        return packet.dts is None

    def _release(self, index: int, until: int | None = None) -> Iterator[Numbered]:
        """Those that wait, their decode times counted back from ``until``."""
        packets = self._waiting.pop(index, [])
        times = [packet.pts for packet in packets if packet.pts is not None]
        time = min(times, default=0) if until is None else until
        time -= sum(max(1, packet.duration or 0) for packet in packets)
        for packet in packets:
            packet.dts = time
            time += max(1, packet.duration or 0)
            self._next[index] = time
            yield index, packet
