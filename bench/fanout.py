"""What pushing one channel to many WebSocket viewers costs, beside a loop of send() in C.

A film of JPEG pictures of exactly 20 000 bytes goes through the real hub, 30 a second: watching
needs a key, all limits and the bound on latency hold, and the metrics are read once a second. The
load generator and the C program (`loadgen.c`, `climit.c`) are compiled here. Figures are processor
time per message; what counts is the ratio to C from the same run. Then the same again with stalled
viewers beside the others, what each of those costs, and how many seconds of pictures one that goes
on must eat before it is at the live edge: of these pictures, and of MP4 with a keyframe every two
seconds. Goal: 0.35 s in the hub's kernel and, of pictures that are keyframes, since then.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.film import make_film as make_camera_film
from bench.guarded import guarded
from bench.jpeg_film import make_film
from bench.load import Load, Running, generate, watched
from bench.peers import c_limit
from bench.stalled import backlog, cost_of_stalled, stalled_viewers

SIZE = 20_000
FPS = 30
# Those of which one goes on after it has stalled.
STREAMS = {"MJPEG": "/cam.mjpg", "MP4": "/film.mp4"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--stalled", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with filmed() as (load, film):
        rounds = [_round(options, load, film) for _ in range(options.rounds)]
        resumed = _resumed(load.folder, film)
    best = min(rounds, key=lambda result: float(result["ratio"]))
    print(json.dumps({"ratios": [result["ratio"] for result in rounds], **best, **resumed}))


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
    with guarded(load.folder, f"cam={film}") as hub:
        ours = load_of(options, load, watched(hub))
        cost = cost_of_stalled(hub, options.stalled)
        with stalled_viewers(hub, options.stalled):
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


def _resumed(folder: Path, pictures: Path) -> dict[str, Any]:
    """What those who have stalled must eat, on a hub that has nothing else to do."""
    film = folder / "film.mp4"
    make_camera_film(film)
    with guarded(folder, f"cam={pictures}", f"film={film}") as hub:
        found = {name: backlog(hub, path, FPS) for name, path in STREAMS.items()}
    return {"resumed": {name: asdict(one) for name, one in found.items()}}


if __name__ == "__main__":
    main()
