"""Senders of transport streams: one of pictures, one of sound, each with a clock of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from televise.formats.mpegts import CLOCK_HZ, MPEG1_AUDIO, MPEG1_VIDEO, Multiplexer, Unit
from televise.formats.transport_join import Part, TransportJoin
from tests.formats.ts_reader import Pes, read

PICTURE_SECONDS, BLOCK_SECONDS = 0.04, 0.12
PICTURES_OF_A_GROUP = 10
PICTURE, SOUND = b"\0\0\1\0" + bytes(400), b"\xff\xfd" + bytes(600)


@dataclass
class Sender:
    """Its first unit is of time ``begin`` (ticks) by its own clock, and comes at ``came`` seconds.

    Sound comes in blocks, each when its last has been heard. ``speed`` is that of its clock.
    """

    type: int
    begin: int = 0
    came: float = 0.0
    speed: float = 1.0
    multiplexer: Multiplexer = field(init=False)
    number: int = 0

    def __post_init__(self) -> None:
        self.multiplexer = Multiplexer([self.type], 0)

    @property
    def step(self) -> float:
        return PICTURE_SECONDS if self.type == MPEG1_VIDEO else BLOCK_SECONDS

    @property
    def due(self) -> float:
        """When the next comes."""
        return self.came + self.number * self.step

    def next(self) -> tuple[float, bytes]:
        """When the next comes, and its packets."""
        keyframe = self.type == MPEG1_AUDIO or self.number % PICTURES_OF_A_GROUP == 0
        time = self.begin + round(self.number * self.step * self.speed * CLOCK_HZ)
        data = PICTURE if self.type == MPEG1_VIDEO else SOUND
        due = self.due
        self.number += 1
        return due, self.multiplexer.mux(0, Unit(data, time, time, keyframe))


class Senders:
    """Those who send to one join, and all that it has given."""

    def __init__(self) -> None:
        self.join = TransportJoin()
        self.parts: dict[int, tuple[Sender, Part]] = {}
        self.out = b""
        # Of each PES packet that was given, when that was.
        self.given: list[tuple[float, Pes]] = []

    def add(self, sender: Sender) -> Part:
        part = self.join.enter()
        self.parts[id(sender)] = sender, part
        return part

    def remove(self, sender: Sender) -> None:
        self.join.leave(self.parts.pop(id(sender))[1])

    def run(self, until: float) -> bytes:
        """Let all send for so long; what is given meanwhile."""
        begin = len(self.out)
        for now, part, data in self._until(until):
            new = self.join.feed(part, data, now)
            self.given += [(now, pes) for pes in read(new).pes]
            self.out += new
        return self.out[begin:]

    def _until(self, until: float) -> Iterator[tuple[float, Part, bytes]]:
        while True:
            sender, part = min(self.parts.values(), key=lambda each: each[0].due)
            if sender.due >= until:
                return
            now, data = sender.next()
            yield now, part, data

    def late(self, stream_id: int, since: float) -> list[float]:
        """How much later than its time each PES packet of a kind came, in seconds."""
        found = [(now, pes) for now, pes in self.given if pes.stream_id == stream_id]
        return [now - pes.dts / CLOCK_HZ for now, pes in found if now >= since]
