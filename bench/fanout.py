"""What pushing one channel to many WebSocket viewers costs, beside a loop of send() in C.

A film of JPEG pictures of exactly 20 000 bytes goes through the real hub, 30 a second. The load
generator and the C program (`loadgen.c`, `climit.c`) are compiled here. Figures are processor
time per message; what counts is the ratio to C from the same run. Then the same again with stalled
viewers beside the others, and what each of those costs.
"""

import argparse
import json
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.hub import Hub, serving
from bench.jpeg_film import make_film
from bench.load import FRAME_HEADER, Load, Running, generate, handshake
from bench.peers import c_limit

SIZE = 20_000
FPS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--stalled", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with filmed() as (load, film):
        rounds = [_round(options, load, film) for _ in range(options.rounds)]
    best = min(rounds, key=lambda result: float(result["ratio"]))
    print(json.dumps({"ratios": [result["ratio"] for result in rounds], **best}))


@contextmanager
def filmed() -> Iterator[tuple[Load, Path]]:
    """The film, and what every viewer gets of it."""
    with tempfile.TemporaryDirectory() as folder:
        load = Load(SIZE, FPS, Path(folder))
        film = load.folder / "cam.mkv"
        make_film(film, SIZE, FPS)
        yield load, film


def _round(options: argparse.Namespace, load: Load, film: Path) -> dict[str, Any]:
    with c_limit(load) as bare:
        limit = load_of(options, load, bare)
    with serving(f"cam={film}") as hub:
        ours = load_of(options, load, watched(hub))
        cost = _cost_of_stalled(hub, options.stalled)
        with _stalled_viewers(hub, options.stalled):
            beside = load_of(options, load, watched(hub))
    return {
        "viewers": options.viewers,
        "c_us": limit["us_per_msg"],
        "hub_us": ours["us_per_msg"],
        "ratio": round(ours["us_per_msg"] / limit["us_per_msg"], 2),
        "worst_viewer_got": ours["min_deliv"],
        "with_stalled_us": beside["us_per_msg"],
        "with_stalled_worst_viewer_got": beside["min_deliv"],
        "stalled": options.stalled,
        "kb_per_stalled": round(cost / 1024, 1),
    }


def load_of(options: argparse.Namespace, load: Load, server: Running) -> dict[str, Any]:
    """What the load generator tells of so many viewers; all of them must have stayed."""
    result = generate(server, load, options.viewers, options.seconds)
    if result["alive"] != options.viewers:
        raise SystemExit(f"only {result['alive']} of {options.viewers} viewers stayed: {result}")
    return result


def watched(hub: Hub) -> Running:
    """The hub's channel, by WebSocket."""
    return Running(hub.port, "/cam.mjpg", "ws", FRAME_HEADER, hub.processes)


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


if __name__ == "__main__":
    main()
