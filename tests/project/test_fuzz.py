"""What once broke a parser, or leads to all places in one, is tried again."""

import subprocess
import sys
from pathlib import Path

from tests.support.server import SOURCE_FOLDER

ROOT = Path(__file__).resolve().parents[2]


def test_all_that_is_kept_is_borne() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.replay"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{SOURCE_FOLDER}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tried = {line.split(": ")[0]: int(line.split()[1]) for line in done.stdout.splitlines()}
    targets = {path.stem.removeprefix("fuzz_") for path in (ROOT / "fuzz").glob("fuzz_*.py")}
    assert set(tried) == targets
    assert min(tried.values()) > 5
