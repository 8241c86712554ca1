"""Load: many viewers from one process, in C (`loadgen.c`), and what they cost a server."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.hub import Hub

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
    beside its bytes, its processes, the key that viewers need."""

    port: int
    url: str
    mode: str
    overhead: int
    pids: list[int]
    token: str = ""


def watched(hub: Hub) -> Running:
    """The hub's channel ``cam``, by WebSocket."""
    return Running(hub.port, "/cam.mjpg", "ws", FRAME_HEADER, hub.processes, hub.token)


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
    if server.token:
        options["-x"] = f"Authorization: Bearer {server.token}"
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


def handshake(hub: Hub) -> bytes:
    """The request of a viewer by WebSocket."""
    lines = ["GET /cam.mjpg HTTP/1.1", f"Host: 127.0.0.1:{hub.port}"]
    lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines.append(f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}")
    if hub.token:
        lines.append(f"Authorization: Bearer {hub.token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
