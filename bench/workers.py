"""What a message costs in one process, and in several fan-out processes, in the same run.

The film and the viewers are those of `bench.fanout`; what counts is the ratio.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from bench.fanout import filmed, load_of
from bench.hub import serving
from bench.load import Load, watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with filmed() as (load, film):
        print(json.dumps(_compare(options, load, film)))


def _compare(options: argparse.Namespace, load: Load, film: Path) -> dict[str, Any]:
    """In turn, as the machine may be busier at one time than another."""
    rounds: dict[int, list[dict[str, Any]]] = {1: [], options.workers: []}
    for _ in range(options.rounds):
        for workers, results in rounds.items():
            with serving(f"cam={film}", "--workers", str(workers)) as hub:
                results.append(load_of(options, load, watched(hub)))
    one, several = (min(each["us_per_msg"] for each in results) for results in rounds.values())
    assert min(each["min_deliv"] for results in rounds.values() for each in results) > 0
    return {
        "viewers": options.viewers,
        "workers": options.workers,
        "one_us": one,
        "workers_us": several,
        "ratio": round(several / one, 2),
        "one_worst_viewer_got": min(each["min_deliv"] for each in rounds[1]),
        "workers_worst_viewer_got": min(each["min_deliv"] for each in rounds[options.workers]),
    }


if __name__ == "__main__":
    main()
