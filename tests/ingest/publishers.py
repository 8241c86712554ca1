"""Hubs that can be published into, and ffmpeg as the one who does."""

import asyncio
import contextlib
import io
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import PIL.Image

from televise.web.trust.keys import Grant, Keys
from tests.support.server import Serving, serving
from tests.support.waiting import LIMIT_SECONDS, until
from tests.support.wire import connect, exchange, request

SIZE = (160, 120)
RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (192, 192, 192)
# Encoders by the end of the URL: quick ones, with a keyframe every half second.
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "12")
WAYS: dict[str, tuple[str, ...]] = {
    "ts": (*X264, "-f", "mpegts"),
    "flv": (*X264, "-f", "flv"),
    "mp4": (*X264, "-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
    "webm": ("-c:v", "libvpx", "-deadline", "realtime", "-g", "12", "-f", "webm"),
    "mjpg": ("-c:v", "mjpeg", "-q:v", "3", "-f", "mpjpeg"),
}


class Hub:
    """A serving hub, and keys for it."""

    def __init__(self, serving: Serving, keys: Keys) -> None:
        self.tv = serving
        self._keys = keys
        self._usual = self.token()

    def token(self, channel: str = "cam", *, can: str = "publish", take_over: bool = False) -> str:
        return self._keys.sign(Grant(channel, can, take_over), 600)

    def url(self, path: str, token: str = "") -> str:
        """Where ffmpeg publishes."""
        mark = "&" if "?" in path else "?"
        return f"http://{self.tv.authority}{path}{mark}token={token or self.token()}"

    async def send(self, path: str, data: bytes, token: str = "", **more: Any) -> tuple[int, str]:
        """Publish ``data`` and nothing else, always as the same; the status, and what is told."""
        headers = {"Authorization": f"Bearer {token or self._usual}"}
        async with self.tv.get(
            path, "POST", data=io.BytesIO(data), headers=headers, **more
        ) as answer:
            return answer.status, await answer.text()

    async def shown(self, name: str = "cam") -> PIL.Image.Image:
        """The newest picture."""
        async with self.tv.get(f"/{name}.jpg") as answer:
            data = await answer.read()
            assert answer.status == 200, data
        return PIL.Image.open(io.BytesIO(data)).convert("RGB")

    async def colour(self, name: str = "cam") -> str:
        """Which of the colours the newest picture has in its corner; '' for another."""
        return named((await self.shown(name)).getpixel((8, 8)))

    async def shows(self, colour: str, name: str = "cam") -> None:
        """Wait for it."""
        end = time.monotonic() + LIMIT_SECONDS
        while (seen := await self.colour(name)) != colour:
            assert time.monotonic() < end, f"{name} is {seen or 'of another colour'}"
            await asyncio.sleep(0.05)

    async def is_free(self, name: str = "cam") -> None:
        """Wait until nobody publishes."""
        await until(lambda: self.tv.channel(name).publisher is None)


async def sent_in_chunks(hub: Hub, path: str, chunks: bytes, way: str, name: str = "cam") -> bytes:
    """The answer to a request with this body, which comes when it is asked for or before."""
    is_api = path.startswith("/api/")
    headers = {
        "Authorization": f"Bearer {hub.token(name, can='admin' if is_api else 'publish')}",
        "Content-Type": "application/json" if is_api else "application/octet-stream",
        "Transfer-Encoding": "chunked",
    }
    if way == "with its header":
        head = request(path, hub.tv.port, headers, "PUT")
        return await exchange(hub.tv.port, head + chunks)
    headers["Expect"] = "100-continue"
    reader, writer = await connect(hub.tv.port)
    try:
        writer.write(request(path, hub.tv.port, headers, "PUT"))
        async with asyncio.timeout(LIMIT_SECONDS):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write((b"5\r\nhello\r\n" if "good" in way else b"") + chunks)
            return await reader.read()
    finally:
        writer.close()


def named(pixel: Any) -> str:
    colours = {"red": RED, "blue": BLUE, "grey": GREY}
    for name, colour in colours.items():
        if all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True)):
            return name
    return ""


@contextlib.asynccontextmanager
async def publishable(
    folder: Path, *sources: str, rtmp_port: int = -1, **settings: Any
) -> AsyncIterator[Hub]:
    """A hub with ``cam=publish:``, if there is nothing else, and a secret of its own."""
    key_file = folder / "key"
    async with serving(
        *(sources or ("cam=publish:",)), key_file=key_file, rtmp_port=rtmp_port, **settings
    ) as running:
        yield Hub(running, Keys(key_file))


@contextlib.contextmanager
def publisher(
    url: str, colour: str = "red", *, seconds: float = 600, sound: bool = False
) -> "Iterator[subprocess.Popen[bytes]]":
    """ffmpeg, sending a plain picture, until it is killed."""
    end = "flv" if url.startswith("rtmp:") else url.partition("?")[0].rpartition(".")[2]
    way = WAYS.get(end, WAYS["ts"])
    rgb = {"red": RED, "blue": BLUE, "grey": GREY}[colour]
    plain = f"color=0x{bytes(rgb).hex()}:s={SIZE[0]}x{SIZE[1]}:r=25:d={seconds}"
    tone = ["-f", "lavfi", "-i", f"sine=440:d={seconds}"] if sound else []
    put = ["-method", "PUT"] if way[-1] == "mpjpeg" else []
    command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", plain,
               *(["-re", *tone] if tone else []), "-pix_fmt",
               "yuvj420p" if put else "yuv420p", *way, *put, url]  # fmt: skip
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(LIMIT_SECONDS)


def picture(colour: tuple[int, int, int], format: str, size: tuple[int, int] = SIZE) -> bytes:
    """A plain picture as a file."""
    file = io.BytesIO()
    PIL.Image.new("RGB", size, colour).save(file, format)
    return file.getvalue()


def film(way: str, seconds: float = 1.0) -> bytes:
    """A short one, as the end of a URL asks for."""
    source = f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=25:d={seconds}"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p",
               *WAYS[way], "-"]  # fmt: skip
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout


def film_file(format: str, *options: str) -> bytes:
    """A short one as FFmpeg writes it into a file, where it may go back."""
    source = f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=25:d=1"
    with tempfile.NamedTemporaryFile() as file:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *X264,
                   "-pix_fmt", "yuv420p", *options, "-f", format, file.name]  # fmt: skip
        subprocess.run(command, timeout=60, check=True)
        return file.read()
