"""Run every fuzz target for a while: `python fuzz/run.py --seconds 60`; or some, by their names.

Each begins with its seeds and what is kept in `corpus`. Exit code 1 with one line per target that
raised anything but FormatError, or took too much memory; the input that did it stays in a file,
which that line names. Add it in hexadecimal digits to the target's file in `corpus`: `replay` tries
all of them. `--keep` adds the shortest of what leads to new places in the code.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
CORPUS = FOLDER / "corpus"
MAX_KEPT, MAX_KEPT_BYTES = 40, 256
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in FOLDER.glob("fuzz_*.py"))
# One input may take this long, in seconds, before it counts as a hang; and so many bytes.
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"]


def run(target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One target in a process of its own, with arguments for libFuzzer; its output is kept."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", f"fuzz.fuzz_{target}", *LIMITS, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def of_day(count: int, day: date) -> list[str]:
    """So many targets: others each day, until it was everyone's turn."""
    first = day.toordinal() * count
    return [TARGETS[(first + number) % len(TARGETS)] for number in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Run every fuzz target.")
    parser.add_argument("targets", nargs="*", default=TARGETS, metavar="TARGET")
    parser.add_argument("--today", type=int, metavar="COUNT", help="so many, others each day")
    parser.add_argument("--jobs", type=int, default=1, help="so many at once")
    parser.add_argument("--seconds", type=int, default=60, help="per target (default 60)")
    parser.add_argument("--runs", type=int, default=-1, help="inputs per target, at most")
    parser.add_argument("--keep", action="store_true", help="add what is found to the corpus")
    options = parser.parse_args()
    findings = Path(tempfile.mkdtemp(prefix="televise-fuzz-"))
    targets = of_day(options.today, date.today()) if options.today else options.targets
    with ThreadPoolExecutor(options.jobs) as pool:
        held = list(pool.map(lambda target: _holds(target, options, findings), targets))
    if not any(findings.iterdir()):
        findings.rmdir()
    return 0 if all(held) else 1


def _holds(target: str, options: argparse.Namespace, findings: Path) -> bool:
    """Whether nothing was found; it is told."""
    done = _fuzz(target, options, findings)
    if not done.returncode:
        print(f"{target}: {summary(done.stdout)}", flush=True)
        return True
    inputs = ", ".join(map(str, findings.glob(f"{target}-*"))) or "no input was kept"
    end = done.stdout[-4000:]
    print(f"{end}\n{target}: FAILED (exit code {done.returncode}), input: {inputs}", flush=True)
    return False


def _fuzz(
    target: str, options: argparse.Namespace, findings: Path
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as found:
        limits = [f"-max_total_time={options.seconds}", f"-runs={options.runs}"]
        done = run(target, *limits, f"-artifact_prefix={findings}/{target}-", found)
        if options.keep and not done.returncode:
            _keep(target, Path(found))
    return done


def _keep(target: str, found: Path) -> None:
    inputs = [path.read_bytes() for path in found.iterdir() if not path.name.startswith("seed-")]
    short = sorted((each for each in inputs if 0 < len(each) <= MAX_KEPT_BYTES), key=len)
    with (CORPUS / f"{target}.hex").open("a") as file:
        file.writelines(f"{each.hex()}\n" for each in short[:: len(short) // MAX_KEPT + 1])


def summary(output: str) -> str:
    """LibFuzzer's last line, such as "Done 123 runs in 20 second(s)"."""
    lines = [line for line in output.splitlines() if line.startswith("Done ")]
    return lines[-1] if lines else "it did not say how many runs it made"


if __name__ == "__main__":
    sys.exit(main())
