import asyncio
import contextlib
import io

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from televise.errors import LocalError
from televise.formats import multipart
from televise.formats.multipart import browser_part, browser_start, strict_part
from tests.formats.witness import ffmpeg, golden

JPEG = "image/jpeg"
CAPTURED = 1_700_000_000_012_345_678


def pictures(count: int) -> list[bytes]:
    files = [io.BytesIO() for _ in range(count)]
    for index, file in enumerate(files):
        Image.new("RGB", (32, 16), (index * 20, 0, 0)).save(file, "JPEG")
    return [file.getvalue() for file in files]


def for_browsers(parts: list[bytes]) -> bytes:
    return browser_start(JPEG) + b"".join(browser_part(part, JPEG) for part in parts)


def for_programs(parts: list[bytes]) -> bytes:
    return b"".join(strict_part(part, JPEG, CAPTURED) for part in parts)


def test_golden_bytes() -> None:
    browser = browser_start(JPEG) + browser_part(b"one", JPEG) + browser_part(b"two", "image/png")
    strict = strict_part(b"one", JPEG, CAPTURED) + strict_part(b"two", "image/png", 5_000)
    assert browser == golden("multipart_browser")
    assert strict == golden("multipart_strict")


def test_the_parameter_has_no_dashes_and_the_body_has_two() -> None:
    assert multipart.content_type() == "multipart/x-mixed-replace;boundary=televise"
    assert not multipart.BOUNDARY.startswith("-")
    assert browser_start(JPEG).startswith(b"--televise\r\n")
    assert strict_part(b"", JPEG, 0).startswith(b"--televise\r\n")


def test_a_browser_knows_at_once_that_a_part_is_over() -> None:
    stream = for_browsers([b"picture"])
    assert b"Content-Length" not in stream
    assert stream.endswith(b"picture\r\n--televise\r\nContent-Type: image/jpeg\r\n\r\n")


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, b"0.000000"), (999, b"0.000000"), (1_000, b"0.000001"), (CAPTURED, b"1700000000.012345")],
)
def test_time_stamps_are_seconds_with_microseconds(nanoseconds: int, text: bytes) -> None:
    assert b"\r\nX-Timestamp: " + text + b"\r\n\r\n" in strict_part(b"", JPEG, nanoseconds)


@pytest.mark.parametrize("mime", ["image/jpeg\r\nSet-Cookie: a=b", "image/jpég", "a\nb"])
def test_a_type_that_breaks_the_header_is_refused(mime: str) -> None:
    for write in (browser_start, lambda mime: strict_part(b"", mime, 0)):
        with pytest.raises(LocalError, match="one line of ASCII"):
            write(mime)


@pytest.mark.usefixtures("programs")
def test_ffmpeg_reads_every_picture() -> None:
    parts = pictures(10)
    read = ("-f", "mpjpeg", "-i", "-", "-c", "copy", "-f", "image2pipe", "-")
    assert ffmpeg(for_programs(parts), *read) == b"".join(parts)


@pytest.mark.usefixtures("programs")
async def test_ffmpeg_finds_the_boundary_of_the_content_type() -> None:
    parts = pictures(10)
    head = (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: {multipart.content_type()}\r\n\r\n"
    ).encode()
    chunks = [strict_part(part, JPEG, CAPTURED) for part in parts]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        for chunk in chunks:
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        writer.write(b"0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        served.set()

    served = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    read = ("-f", "mpjpeg", "-strict_mime_boundary", "1", "-i", url, "-c", "copy")
    async with server:
        copied = await asyncio.to_thread(ffmpeg, b"", *read, "-f", "image2pipe", "-")
        await served.wait()
    assert copied == b"".join(parts)


@pytest.mark.usefixtures("programs")
def test_ffmpeg_decodes_pictures() -> None:
    read = ("-f", "mpjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "gray", "-")
    assert len(ffmpeg(for_programs(pictures(10)), *read)) == 10 * 32 * 16


@given(st.lists(st.binary(), min_size=1, max_size=5), st.booleans())
def test_aiohttp_reads_every_part(parts: list[bytes], strict: bool) -> None:
    safe = [part.replace(b"--televise", b"") for part in parts]
    stream = for_programs(safe) if strict else for_browsers(safe)
    assert asyncio.run(_read(stream, len(safe))) == safe


async def _read(stream: bytes, count: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    content = aiohttp.StreamReader(BaseProtocol(loop), limit=1 << 16, loop=loop)
    content.feed_data(stream + b"--televise--\r\n")
    content.feed_eof()
    reader = aiohttp.MultipartReader({"Content-Type": multipart.content_type()}, content)
    read = []
    for _ in range(count):
        part = await reader.next()
        assert isinstance(part, aiohttp.BodyPartReader)
        assert part.headers["Content-Type"] == JPEG
        read.append(bytes(await part.read()))
    return read
