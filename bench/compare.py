"""What a message costs here and elsewhere: televise, its peers, and a bare loop in C, in one run.

Every server gives the same bytes to all its viewers, 30 times a second, on this machine. Each row
is a line of JSON.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.load import Load, generate
from bench.peers import PEERS, missing

C_LIMIT = "C, send() in a loop"
FPS = 30
SIZE = 20_000
VIEWERS = (1, 50, 200, 1000, 4000)
# Message sizes, and how many viewers of each.
SIZES = {2_000: 200, 100_000: 200}
# Less than this, and its viewers missed something.
COMPLETE = 0.97


@dataclass(frozen=True)
class Row:
    """One server with so many viewers: microseconds of processor time per message, and more."""

    peer: str
    viewers: int
    size: int
    us_per_message: float
    ratio: float
    worst_viewer_got: float
    latency_p99_ms: float
    resident_mb: float

    @property
    def complete(self) -> bool:
        """Whether every viewer got everything."""
        return self.worst_viewer_got >= COMPLETE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--peer", action="append", help="only this one, and C; repeatable")
    options = parser.parse_args()
    names = [name for name in PEERS if not options.peer or name in (*options.peer, C_LIMIT)]
    absent = {name: program for name in names if (program := missing(name))}
    names = [name for name in names if name not in absent]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for viewers in VIEWERS:
            rows += compare(names, viewers, Load(SIZE, FPS, Path(folder)), options.seconds)
            names = _who_goes_on(names, rows)
        for size, viewers in SIZES.items():
            every = [name for name in PEERS if name not in absent]
            rows += compare(every, viewers, Load(size, FPS, Path(folder)), options.seconds)
    for name, program in absent.items():
        print(f"{name} is left out: {program} is not installed", file=sys.stderr)


def compare(names: list[str], viewers: int, load: Load, seconds: float) -> list[Row]:
    """All of these with so many viewers; the ratios are to C's time in this very round."""
    results = {name: _measure(name, viewers, load, seconds) for name in names}
    limit = results[C_LIMIT]["us_per_msg"]
    rows = [_row(name, load.size, result, limit) for name, result in results.items()]
    for row in rows:
        print(json.dumps(asdict(row)), flush=True)
    return rows


def _who_goes_on(names: list[str], rows: list[Row]) -> list[str]:
    """Who could not serve so many is not asked to serve more."""
    failed = {row.peer for row in rows if not row.complete}
    return [name for name in names if name not in failed]


def _measure(name: str, viewers: int, load: Load, seconds: float) -> dict[str, Any]:
    with PEERS[name](load) as peer:
        return generate(peer, load, viewers, seconds)


def _row(name: str, size: int, result: dict[str, Any], limit: float) -> Row:
    return Row(
        peer=name,
        viewers=result["k"],
        size=size,
        us_per_message=round(result["us_per_msg"], 1),
        ratio=round(result["us_per_msg"] / limit, 2),
        worst_viewer_got=round(min(1.0, result["min_deliv"]), 3),
        latency_p99_ms=round(result["lat_p99"], 1),
        resident_mb=round(result["rss_mb"], 1),
    )


if __name__ == "__main__":
    main()
