"""Run every fuzz target for a while: `python fuzz/run.py --seconds 20`.

Exit code 1 with one line per target that raised anything but FormatError; the input that did it
stays in a file, which that line names.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
# One input may take this long, in seconds, before it counts as a hang.
PATIENCE = 10


def run(target: str, seconds: int, findings: Path) -> subprocess.CompletedProcess[str]:
    """One target in a process of its own; its output is kept."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    limits = [f"-max_total_time={seconds}", f"-timeout={PATIENCE}", "-max_len=4096"]
    return subprocess.run(
        [sys.executable, "-m", f"fuzz.{target}", *limits, f"-artifact_prefix={findings}/{target}-"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Run every fuzz target.")
    parser.add_argument("--seconds", type=int, default=20, help="per target (default 20)")
    seconds = parser.parse_args().seconds
    findings = Path(tempfile.mkdtemp(prefix="televise-fuzz-"))
    failed = False
    for target in sorted(path.stem for path in FOLDER.glob("fuzz_*.py")):
        done = run(target, seconds, findings)
        if done.returncode:
            failed = True
            inputs = ", ".join(map(str, findings.glob(f"{target}-*"))) or "no input was kept"
            print(done.stdout[-4000:])
            print(f"{target}: FAILED (exit code {done.returncode}), input: {inputs}", flush=True)
        else:
            print(f"{target}: {summary(done.stdout)}", flush=True)
    if not any(findings.iterdir()):
        findings.rmdir()
    return 1 if failed else 0


def summary(output: str) -> str:
    """LibFuzzer's last line, such as "Done 123 runs in 20 second(s)"."""
    lines = [line for line in output.splitlines() if line.startswith("Done ")]
    return lines[-1] if lines else "it did not say how many runs it made"


if __name__ == "__main__":
    sys.exit(main())
