"""Load: many viewers from one process, in C (`loadgen.c`), and what they cost a server."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FRAME_HEADER = 4  # a WebSocket frame of such sizes (RFC 6455 section 5.2)
PROBES = 8
# So long after the last one has joined: the first seconds are dearer.
SETTLING_SECONDS = 6.0


@dataclass(frozen=True)
class Load:
    """What every viewer gets, ``fps`` times a second; a folder for what is needed for that."""

    size: int
    fps: int
    folder: Path


@dataclass
class Running:
    """A started server: where its viewers go (``mode`` is ``ws`` or ``http``), what a message has
    beside its bytes, its processes."""

    port: int
    url: str
    mode: str
    overhead: int
    pids: list[int]


def generate(server: Running, load: Load, viewers: int, seconds: float) -> dict[str, Any]:
    """Watch for ``seconds``; what `loadgen.c` tells of that."""
    options = {
        "-p": server.port,
        "-u": server.url,
        "-m": server.mode,
        "-k": viewers,
        "-d": seconds,
        "-w": SETTLING_SECONDS,
        "-P": PROBES,
        "-s": load.size + server.overhead,
        "-f": load.fps,
        "-T": ",".join(map(str, server.pids)),
    }
    command = [str(compiled("loadgen", load.folder))]
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


def handshake(port: int) -> bytes:
    """The request of a viewer by WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /cam.mjpg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()
