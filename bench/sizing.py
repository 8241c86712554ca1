"""How many viewers a core and a network carry, and how many machines a crowd needs: a small model.

It is arithmetic over figures of other scripts; each stands below with where it comes from. Put
those of your machine in: `--ratio`, `--hop-ms`. docs/topics/sizing.md shows what it prints.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

# `climit.c`, 2 to 100 KB, 1000 viewers: what `send()` costs on a core. The ratio to it is what the
# hub is built to stay under; `bench.fanout` says what it is on a machine.
SEND_US, SEND_US_PER_KB = 3.9, 0.08
RATIO = 1.15
# `bench.hops`: a median hop, at 4 Mbit/s.
HOP_MS = 0.5
# A core that has more to do than this makes pictures late; a link that is fuller loses packets.
CORE_SHARE, LINK_SHARE = 0.7, 0.8
# Most viewers of one process: descriptors, and the time of one round over all of them.
MOST_PER_PROCESS = 4000
# TCP, IP and Ethernet around each 1448 bytes.
WIRE = 1538 / 1448


@dataclass(frozen=True)
class Stream:
    """What one viewer gets: so many messages a second, of so many bits a second in all."""

    name: str
    mbit: float
    fps: float

    @property
    def kilobytes(self) -> float:
        return self.mbit * 1000 / 8 / self.fps

    def message_us(self) -> float:
        return (SEND_US + SEND_US_PER_KB * self.kilobytes) * RATIO

    def per_core(self) -> int:
        """Viewers that one core carries."""
        share = self.message_us() * self.fps / 1e6
        return min(MOST_PER_PROCESS, math.floor(CORE_SHARE / share))

    def per_gbit(self) -> int:
        """Viewers that a link of 1 Gbit/s carries."""
        return math.floor(LINK_SHARE * 1000 / (self.mbit * WIRE))


STREAMS = (
    Stream("MP4, 640x360, 0.8 Mbit/s, 30/s", 0.8, 30),
    Stream("MP4, 1280x720, 4 Mbit/s, 30/s", 4.0, 30),
    Stream("MJPEG, 640x480, 20 KB, 30/s", 4.8, 30),
    Stream("MJPEG, 320x240, 6 KB, 5/s", 0.24, 5),
)


@dataclass(frozen=True)
class Plan:
    """A tree of hubs for so many viewers: edges with ``gbit`` and ``cores``, each hub feeding at
    most ``fan`` others."""

    viewers: int
    stream: Stream
    gbit: float = 10.0
    cores: int = 8
    fan: int = 50

    def per_edge(self) -> int:
        by_link = math.floor(self.stream.per_gbit() * self.gbit)
        return min(by_link, self.stream.per_core() * self.cores)

    def edges(self) -> int:
        return math.ceil(self.viewers / self.per_edge())

    def levels(self) -> list[int]:
        """Hubs of each level, from the edges up to the one ingress."""
        counts = [self.edges()]
        while counts[-1] > 1:
            counts.append(math.ceil(counts[-1] / self.fan))
        return counts

    def added_ms(self) -> float:
        """What the hops add to a picture's age."""
        return (len(self.levels()) - 1) * HOP_MS

    def gbit_in_all(self) -> float:
        return self.viewers * self.stream.mbit * WIRE / 1000


def table_of_streams() -> Iterator[str]:
    yield "| a viewer gets | µs per message | viewers per core | viewers per Gbit/s |"
    yield "|---|---|---|---|"
    for stream in STREAMS:
        cost = f"{stream.message_us():.1f}"
        yield f"| {stream.name} | {cost} | {stream.per_core()} | {stream.per_gbit()} |"


def table_of_plans() -> Iterator[str]:
    yield "| viewers | each gets | viewers per edge | hubs, ingress last | Gbit/s | added |"
    yield "|---|---|---|---|---|---|"
    for viewers in (1000, 10_000, 100_000, 1_000_000):
        for stream in STREAMS[:2]:
            plan = Plan(viewers, stream)
            levels = " + ".join(map(str, plan.levels()))
            numbers = f"{levels} | {plan.gbit_in_all():.1f} | {plan.added_ms():.1f} ms"
            yield f"| {viewers:,} | {stream.name} | {plan.per_edge()} | {numbers} |"


def main() -> None:
    global RATIO, HOP_MS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratio", type=float, default=RATIO, help="ours to C, of bench.fanout")
    parser.add_argument("--hop-ms", type=float, default=HOP_MS, help="of bench.hops")
    options = parser.parse_args()
    RATIO, HOP_MS = options.ratio, options.hop_ms
    print(*table_of_streams(), "", *table_of_plans(), sep="\n")


if __name__ == "__main__":
    main()
