"""What pushing one channel to many WebSocket viewers costs, beside a loop of send() in C.

A film of JPEG pictures of exactly 20 000 bytes goes through the real hub, 30 a second. The load
generator and the C program (`loadgen.c`, `climit.c`) are compiled here. Figures are processor
time per message; what counts is the ratio to C from the same run. Then the same again with stalled
viewers beside the others, and what each of those costs.

With ``--workers N`` it compares one process with N fan-out processes instead, in the same run: what
a message costs all of them together, and whether every viewer got everything.
"""

import argparse
import base64
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import simplejpeg

from bench.hub import Hub, free_port, serving

HERE = Path(__file__).parent
SIZE = 20_000
FPS = 30
FRAME_HEADER = 4  # a WebSocket frame of this size (RFC 6455 section 5.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--stalled", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        loadgen, climit = _compile(folder, "loadgen"), _compile(folder, "climit")
        film = folder / "cam.mkv"
        make_film(film)
        if options.workers > 1:
            print(json.dumps(_compare(options, loadgen, film)))
            return
        rounds = [_round(options, loadgen, climit, film) for _ in range(options.rounds)]
    best = min(rounds, key=lambda result: float(result["ratio"]))
    print(json.dumps({"ratios": [result["ratio"] for result in rounds], **best}))


def _compare(options: argparse.Namespace, loadgen: Path, film: Path) -> dict[str, Any]:
    """One process and several, in turn, as the machine may be busier at one time than another."""
    rounds: dict[int, list[dict[str, Any]]] = {1: [], options.workers: []}
    for _ in range(options.rounds):
        for workers, results in rounds.items():
            with serving(f"cam={film}", "--workers", str(workers)) as hub:
                results.append(_load(options, loadgen, hub))
    one, several = (min(each["us_per_msg"] for each in results) for results in rounds.values())
    return {
        "viewers": options.viewers,
        "workers": options.workers,
        "one_process_us": one,
        "workers_us": several,
        "ratio": round(several / one, 2),
        "one_process_worst_viewer_got": min(each["min_deliv"] for each in rounds[1]),
        "workers_worst_viewer_got": min(each["min_deliv"] for each in rounds[options.workers]),
        "one_process_latency_p99_ms": [each["lat_p99"] for each in rounds[1]],
        "workers_latency_p99_ms": [each["lat_p99"] for each in rounds[options.workers]],
    }


def _round(options: argparse.Namespace, loadgen: Path, climit: Path, film: Path) -> dict[str, Any]:
    limit = _c_limit(options, loadgen, climit)
    with serving(f"cam={film}") as hub:
        ours = _load(options, loadgen, hub)
        cost = _cost_of_stalled(hub, options.stalled)
        with _stalled_viewers(hub, options.stalled):
            beside = _load(options, loadgen, hub)
    return {
        "viewers": options.viewers,
        "c_us": limit["us_per_msg"],
        "hub_us": ours["us_per_msg"],
        "ratio": round(ours["us_per_msg"] / limit["us_per_msg"], 2),
        "worst_viewer_got": ours["min_deliv"],
        "latency_p99_ms": ours["lat_p99"],
        "with_stalled_us": beside["us_per_msg"],
        "with_stalled_worst_viewer_got": beside["min_deliv"],
        "stalled": options.stalled,
        "kb_per_stalled": round(cost / 1024, 1),
    }


def _c_limit(options: argparse.Namespace, loadgen: Path, climit: Path) -> dict[str, Any]:
    port = free_port()
    command = [str(climit), "-m", "send", "-p", str(port), "-n", str(SIZE), "-f", str(FPS)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(0.3)
            return _generate(options, loadgen, port, "/", "http", SIZE, [process.pid])
        finally:
            process.kill()


def _load(options: argparse.Namespace, loadgen: Path, hub: Hub) -> dict[str, Any]:
    size = SIZE + FRAME_HEADER
    return _generate(options, loadgen, hub.port, "/cam.mjpg", "ws", size, hub.processes)


def _generate(
    options: argparse.Namespace,
    loadgen: Path,
    port: int,
    url: str,
    mode: str,
    size: int,
    pids: list[int],
) -> dict[str, Any]:
    arguments = {
        "-p": port,
        "-u": url,
        "-m": mode,
        "-k": options.viewers,
        "-d": options.seconds,
        "-w": 6,
        "-P": 8,
        "-s": size,
        "-f": FPS,
        "-T": ",".join(map(str, pids)),
    }
    command = [str(loadgen)]
    for name, value in arguments.items():
        command += [name, str(value)]
    result: dict[str, Any] = json.loads(subprocess.check_output(command))
    if result["alive"] != options.viewers:
        raise SystemExit(f"only {result['alive']} of {options.viewers} viewers stayed: {result}")
    return result


def _cost_of_stalled(hub: Hub, count: int) -> int:
    """Bytes of the hub's memory that one more stalled viewer takes while the channel goes on."""
    with _stalled_viewers(hub, 1):
        time.sleep(5.0)  # until the channel's log is full
        before = hub.resident_bytes()
        with _stalled_viewers(hub, count):
            time.sleep(4.0)
            return max(0, hub.resident_bytes() - before) // count


@contextmanager
def _stalled_viewers(hub: Hub, count: int) -> Iterator[None]:
    """Viewers that ask for the stream and then never read. The hub will drop them in the end."""
    with ExitStack() as stack:
        for _ in range(count):
            viewer = stack.enter_context(socket.create_connection(("127.0.0.1", hub.port)))
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            viewer.sendall(handshake(hub.port))
        time.sleep(1.0)
        yield


def handshake(port: int) -> bytes:
    """The request of a viewer by WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /cam.mjpg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def make_film(path: Path, seconds: float = 10.0) -> None:
    """A film of JPEG pictures, all of `SIZE` bytes."""
    noise = np.random.default_rng(1)
    with av.open(path, "w") as film:
        stream = film.add_stream("mjpeg", FPS)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuvj420p"
        for number in range(int(seconds * FPS)):
            packet = av.Packet(_picture(noise))
            packet.stream = stream
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, FPS)
            packet.is_keyframe = True
            film.mux(packet)


def _picture(noise: np.random.Generator) -> bytes:
    """A JPEG a little smaller than wanted, filled up after its end."""
    small = noise.integers(0, 255, (45, 80, 3), dtype=np.uint8)
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(small.repeat(8, 0).repeat(8, 1)), quality=30)
    if len(data) > SIZE:
        raise SystemExit(f"the picture has {len(data)} bytes, not {SIZE}")
    return bytes(data + bytes(SIZE - len(data)))


def _compile(folder: Path, name: str) -> Path:
    program = folder / name
    subprocess.check_call(["gcc", "-O2", "-o", str(program), str(HERE / f"{name}.c")])
    return program


if __name__ == "__main__":
    main()
