"""Small films that the system's ffmpeg makes, in which every picture can be told from the others.

Picture number N of a film is grey, as bright as `DARKEST` + N * `STEP`.
"""

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.formats.witness import ffmpeg

RATE = 25
COUNT = 15
SECONDS = COUNT / RATE
DARKEST, STEP = 40, 12


def ramp(size: str = "160x120", rate: float = RATE, count: int = COUNT) -> list[str]:
    """An input for ffmpeg: the grey pictures."""
    grey = f"geq=lum={DARKEST}+{STEP}*mod(N\\,{COUNT}):cb=128:cr=128"
    return ["-f", "lavfi", "-i", f"color=black:s={size}:r={rate}:d={count / rate},{grey}"]


def moving(size: str = "160x120", rate: float = RATE, seconds: float = SECONDS) -> list[str]:
    """An input for ffmpeg: pictures that have a top, a left side and colours."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def tone(seconds: float = SECONDS, rate: int = 48_000, channels: int = 1) -> list[str]:
    """An input for ffmpeg: a tone."""
    sound = f"sine=440:r={rate}:d={seconds},aformat=channel_layouts={channels}c"
    return ["-f", "lavfi", "-i", sound]


def make(path: Path, *arguments: str) -> Path:
    """The film that ffmpeg makes with ``arguments``, in as many threads as it likes."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return path


def check_plays(movie: bytes) -> None:
    """Sound and picture, to the end, with nothing to complain about."""
    exact = ["-fps_mode", "passthrough", "-enc_time_base:v", "1:90000"]
    ffmpeg(movie, "-i", "-", *exact, "-f", "null", "-")


def numbers(movie: bytes, size: tuple[int, int]) -> list[int]:
    """The number of each picture of a film, stream or row of JPEGs, as ffmpeg decodes it."""
    exact = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
    luma = ["-vf", "extractplanes=y", "-f", "rawvideo", "-"]
    pixels = np.frombuffer(ffmpeg(movie, "-i", "-", *exact, *luma), np.uint8)
    means = pixels.reshape(-1, size[1] * size[0]).mean(axis=1)
    if movie[:2] == b"\xff\xd8":
        means = means * 219 / 255 + 16  # JPEG uses all values
    return [round((float(mean) - DARKEST) / STEP) for mean in means]


def rgb(movie: bytes | Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The first picture, as ffmpeg shows it: turned as it says."""
    place = "-" if isinstance(movie, bytes) else str(movie)
    data = movie if isinstance(movie, bytes) else b""
    picture = ["-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    pixels = np.frombuffer(ffmpeg(data, "-i", place, *picture), np.uint8)
    return pixels.reshape(size[1], size[0], 3)
