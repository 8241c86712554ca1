"""The slate: the last picture, darker, with words; and streams that go over to it and back."""

import asyncio
import contextlib
import io
import signal
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from televise.media.encoders.encoded import Picture
from televise.media.slate import Slate, words_for
from tests.conftest import Needs
from tests.formats.witness import ffmpeg
from tests.ingest.publishers import Hub, publishable, publisher
from tests.support.waiting import LIMIT_SECONDS, until

SINGLE = ("jpg", "png")
ENDS = ("mp4", "ts", "ts?video=h264", "m1v", "mjpg", "gif", *SINGLE)
# Luma of the publisher's grey, and of it on a slate.
BRIGHT, DARK = 192, 0.4 * 192


def white(width: int, height: int) -> Picture:
    pixels = np.full((height, width, 3), 250, np.uint8)
    return Picture(av.VideoFrame.from_ndarray(pixels, "rgb24"), 1.0, 0.04, 1)


@pytest.mark.parametrize("size", [(160, 120), (1280, 720), (64, 640), (17, 33)])
def test_it_is_the_last_picture_but_darker_with_words(size: tuple[int, int]) -> None:
    slate = Slate(white(*size))
    first = slate.picture("signal lost 3 s ago", 5.0, 77, 1.0)
    second = slate.picture("signal lost 4 s ago", 6.0, 78, 1.0)
    assert (first.seconds, first.captured, first.duration) == (5.0, 77, 1.0)
    pixels, others = first.frame.to_ndarray(), second.frame.to_ndarray()
    assert pixels.shape == (size[1], size[0], 3)
    assert (pixels[0] == 100).all(), "at the edge there is only the picture"
    middle = pixels[size[1] // 2 - 8 : size[1] // 2 + 8]
    assert middle.max() > 150, "there are light letters"
    assert middle.min() < 60, "on something dark"
    if size[0] > 100:
        assert (pixels != others).any(), "a letter has changed"


@pytest.mark.parametrize(
    ("state", "silence", "words"),
    [
        ("offline", 2.4, "signal lost 2 s ago"),
        ("offline", 59.4, "signal lost 59 s ago"),
        ("offline", 60, "signal lost 1 min ago"),
        ("offline", 3599, "signal lost 59 min ago"),
        ("offline", 7300, "signal lost 2 h ago"),
        ("stalled", 5, "no picture for 5 s"),
    ],
)
def test_its_words(state: str, silence: float, words: str) -> None:
    assert words_for(state, silence) == words


class Dump:
    """All that a viewer of ``end`` gets."""

    def __init__(self, end: str) -> None:
        self.end = end
        self.data = bytearray()
        self.pictures: list[bytes] = []

    async def read(self, hub: Hub) -> None:
        while self.end in SINGLE:
            async with hub.tv.get(f"/cam.{self.end}") as answer:
                self.pictures.append(await answer.read())
            self.data += self.pictures[-1]
        async with hub.tv.stream(f"/cam.{self.end}") as stream:
            while some := await stream.reader.read(65536):
                self.data += some

    def file(self) -> bytes:
        """It without what is not whole at its end."""
        data = bytes(self.data)
        if self.end == "mp4":
            return data[: data.rindex(b"moof") - 4]
        if self.end.startswith("ts"):
            return data[: len(data) // 188 * 188]
        if self.end == "mjpg":
            return data[: data.rindex(b"\xff\xd9") + 2]
        return data


@contextlib.asynccontextmanager
async def dumping(hub: Hub) -> AsyncIterator[list[Dump]]:
    dumps = [Dump(end) for end in ENDS]
    tasks = [asyncio.create_task(dump.read(hub)) for dump in dumps]
    try:
        yield dumps
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_get(dumps: list[Dump], count: int) -> None:
    """So many bytes more, each of them."""
    sizes = [len(dump.data) for dump in dumps]
    await until(lambda: all(len(d.data) >= s + count for d, s in zip(dumps, sizes, strict=True)))


def levels(dump: Dump) -> list[float]:
    """How bright the edge of each picture is, from the first to the last."""
    if dump.end in SINGLE:
        return [brightness(PIL.Image.open(io.BytesIO(data))) for data in dump.pictures]
    if dump.end == "gif":
        return _gif_levels(bytes(dump.data))
    kind = {"m1v": "mpegvideo", "mjpg": "mpjpeg"}.get(dump.end)
    with av.open(io.BytesIO(dump.file()), "r", format=kind) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [float(frame[:8].mean()) for frame in frames]


def brightness(image: PIL.Image.Image) -> float:
    """How bright its edge is."""
    return float(np.asarray(image.convert("L"))[:8].mean())


def _gif_levels(data: bytes) -> list[float]:
    found = []
    with PIL.Image.open(io.BytesIO(data)) as image, contextlib.suppress(EOFError, OSError):
        while True:
            found.append(brightness(image))
            image.seek(image.tell() + 1)
    return found


def phases(found: list[float]) -> list[str]:
    """Bright and dark, each told once."""
    names = ["bright" if level > (BRIGHT + DARK) / 2 else "dark" for level in found]
    return [name for before, name in pairwise(["", *names]) if before != name]


async def shows(hub: Hub, bright: bool) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while (brightness(await hub.shown()) > (BRIGHT + DARK) / 2) != bright:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_every_stream_goes_over_to_it_and_back(tmp_path: Path, needs: Needs) -> None:
    """Killed, come again, frozen, and thawed: nobody's connection ends."""
    needs("ffmpeg")
    async with publishable(tmp_path) as hub, contextlib.AsyncExitStack() as stack:
        first = stack.enter_context(publisher(hub.url("/cam.ts"), "grey"))
        await hub.tv.is_live()
        async with dumping(hub) as dumps:
            await until(lambda: all(len(dump.data) > 2000 for dump in dumps))
            first.send_signal(signal.SIGKILL)
            await until(lambda: hub.tv.channel().state == "offline")
            await shows(hub, bright=False)
            await all_get(dumps, 1)
            second = stack.enter_context(publisher(hub.url("/cam.ts"), "grey"))
            await hub.tv.is_live()
            await shows(hub, bright=True)
            second.send_signal(signal.SIGSTOP)
            await until(lambda: hub.tv.channel().state == "stalled")
            await shows(hub, bright=False)
            await all_get(dumps, 1)
            second.send_signal(signal.SIGCONT)
            await hub.tv.is_live()
            await shows(hub, bright=True)
            await all_get(dumps, 3000)
    for dump in dumps:
        found = levels(dump)
        assert phases(found) == ["bright", "dark", "bright", "dark", "bright"], dump.end
        if dump.end.startswith(("mp4", "ts")):
            check_clean(dump.file())


async def test_who_asks_for_one_picture_gets_it_too(tmp_path: Path, needs: Needs) -> None:
    """Also the first who asks, for whom an encoder begins with the last picture of before."""
    needs("ffmpeg")
    async with publishable(tmp_path) as hub:
        with publisher(hub.url("/cam.ts"), "grey"):
            await shows(hub, bright=True)
        await until(lambda: hub.tv.channel().state == "offline")
        await shows(hub, bright=False)
        for path in ("/cam.jpg?w=80", "/cam.jpg?q=90", "/cam.png"):
            async with hub.tv.get(path) as answer:
                image = PIL.Image.open(io.BytesIO(await answer.read()))
            assert brightness(image) < (BRIGHT + DARK) / 2, path


def check_clean(data: bytes) -> None:
    """ffmpeg has nothing to complain about, and every picture comes after the one before."""
    with av.open(io.BytesIO(data), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    times = [packet.dts for packet in packets if packet.dts is not None]
    assert len(times) > 50
    assert all(before < after for before, after in pairwise(times))
    exact = ["-fps_mode", "passthrough", "-enc_time_base:v", "1:90000"]
    ffmpeg(data, "-i", "-", *exact, "-f", "null", "-")
