"""Runs all benchmarks, one after another, on a machine that does nothing else."""

import subprocess
import sys

BENCHMARKS = ("start", "fanout", "sources", "age", "hops", "gif", "show", "publish")


def main() -> int:
    failed = 0
    for name in BENCHMARKS:
        print(f"bench.{name}:", flush=True)
        failed += subprocess.call([sys.executable, "-m", f"bench.{name}"]) != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
