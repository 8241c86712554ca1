"""Runs the benchmarks, one after another, on a machine that does nothing else. The last of them,
``soak``, takes an hour by itself.

What each prints is kept in ``bench/results``; of that `bench.report` makes docs/performance.md.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
BENCHMARKS = (
    "start",
    "fanout",
    "workers",
    "join",
    "restart",
    "tls",
    "compare",
    "sources",
    "age",
    "rungs",
    "hops",
    "chain",
    "frozen",
    "nats",
    "gif",
    "show",
    "publish",
    "republish",
    "soak",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=BENCHMARKS, help="all, where none is given")
    names = parser.parse_args().names
    RESULTS.mkdir(exist_ok=True)
    failed = [name for name in names if not _run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}")
        return 1
    return subprocess.call([sys.executable, "-m", "bench.report"])


def _run(name: str) -> bool:
    """Run one; its lines of JSON are its result."""
    print(f"bench.{name}:", flush=True)
    command = [sys.executable, "-m", f"bench.{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(json.loads(line))
    if process.returncode == 0:
        (RESULTS / f"{name}.json").write_text(json.dumps(lines, indent=1) + "\n")
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
