"""Load: many viewers from one process, in C (`loadgen.c`), and what they cost a server."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROBES = 8


def generate(
    folder: Path,
    *,
    port: int,
    url: str,
    mode: str,
    viewers: int,
    size: int,
    fps: float,
    seconds: float,
    pids: Sequence[int],
    settling: float = 6.0,
) -> dict[str, Any]:
    """Watch for ``seconds``, some time after the last one has joined.

    ``mode`` is ``ws`` or ``http``; ``size`` is that of a whole message on the wire, which a viewer
    should get ``fps`` times a second; ``pids`` are the processes whose time is taken.
    """
    options = {
        "-p": port,
        "-u": url,
        "-m": mode,
        "-k": viewers,
        "-d": seconds,
        "-w": settling,
        "-P": PROBES,
        "-s": size,
        "-f": fps,
        "-T": ",".join(map(str, pids)),
    }
    command = [str(compiled("loadgen", folder))]
    for name, value in options.items():
        command += [name, str(value)]
    result: dict[str, Any] = json.loads(subprocess.check_output(command))
    return result


def compiled(name: str, folder: Path) -> Path:
    """One of our programs in C, compiled into ``folder`` where it is not there already."""
    program = folder / name
    if not program.exists():
        subprocess.check_call(["gcc", "-O2", "-o", str(program), str(HERE / f"{name}.c")])
    return program
