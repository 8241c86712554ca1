"""The dialects with JPEG over HTTP: heads, boundaries and parts to the byte."""

import asyncio
import io
import re

import PIL.Image
import pytest

from tests.conftest import Needs
from tests.dialects.speaking import speaking
from tests.support.wire import Stream, exchange, request

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
PICTURES = 4
OLD = {
    "cache-control": "no-store, no-cache, must-revalidate, pre-check=0, post-check=0, max-age=0",
    "connection": "close",
    "expires": "Mon, 3 Jan 2000 12:34:56 GMT",
    "pragma": "no-cache",
}
STREAMS = [
    ("pymjpeg", "/", "boundarydonotcross"),
    ("pymjpeg", "/any/thing.mjpg?x=y", "boundarydonotcross"),
    ("mjpg_streamer", "/?action=stream", "boundarydonotcross"),
    ("mjpg_streamer", "/stream", "boundarydonotcross"),
    ("flask", "/video_feed", "frame"),
]


def size_of(jpeg: bytes) -> tuple[int, int]:
    with PIL.Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        picture.load()
        return picture.size


async def part(stream: Stream, boundary: str) -> tuple[float, bytes]:
    """One part, its head to the byte."""
    head = (await stream.until(b"\r\n\r\n")).decode()
    match = re.fullmatch(
        rf"--{boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: (\d+)\r\n"
        r"X-Timestamp: (\d{10}\.\d{6})\r\n\r\n",
        head,
    )
    assert match is not None, head
    data = await stream.exactly(int(match[1]))
    assert await stream.exactly(2) == b"\r\n"
    return float(match[2]), data


@pytest.mark.parametrize(("dialect", "path", "boundary"), STREAMS)
async def test_strict_clients_get_parts_with_length_and_time(
    dialect: str, path: str, boundary: str
) -> None:
    async with speaking(dialect) as it, it.stream(path) as stream:
        assert stream.headers["content-type"] == (f"multipart/x-mixed-replace;boundary={boundary}")
        assert stream.headers["connection"] == "close"
        assert "transfer-encoding" not in stream.headers
        assert "content-length" not in stream.headers
        parts = [await part(stream, boundary) for _ in range(PICTURES)]
    assert [size_of(data) for _, data in parts] == [(160, 120)] * PICTURES
    times = [time for time, _ in parts]
    assert times == sorted(set(times))


@pytest.mark.parametrize(("dialect", "path", "boundary"), STREAMS)
async def test_browsers_get_the_next_head_at_once(dialect: str, path: str, boundary: str) -> None:
    opening = f"--{boundary}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
    async with speaking(dialect) as it, it.stream(path, headers=BROWSER) as stream:
        assert await stream.exactly(len(opening)) == opening
        for _ in range(PICTURES):
            picture = (await stream.until(opening)).removesuffix(opening)
            assert picture.endswith(b"\xff\xd9\r\n")
            assert size_of(picture.removesuffix(b"\r\n")) == (160, 120)


@pytest.mark.parametrize("dialect", ["pymjpeg", "mjpg_streamer"])
async def test_the_head_is_the_original_one(dialect: str) -> None:
    async with speaking(dialect) as it, it.stream("/?action=stream") as stream:
        assert OLD.items() <= stream.headers.items()


@pytest.mark.parametrize("path", ["/?action=snapshot", "/snapshot"])
async def test_mjpg_streamer_has_snapshots(path: str) -> None:
    async with speaking("mjpg_streamer") as it, it.stream(path) as stream:
        assert OLD.items() <= stream.headers.items()
        assert stream.headers["content-type"] == "image/jpeg"
        assert re.fullmatch(r"\d{10}\.\d{6}", stream.headers["x-timestamp"])
        body = await stream.rest()
        assert len(body) == int(stream.headers["content-length"])
        assert size_of(body) == (160, 120)


@pytest.mark.parametrize(
    ("action", "size"),
    [
        ("stream?dummy=param.mjpg", (160, 120)),
        ("stream_0", (160, 120)),
        ("stream_1?dummy=param.mjpg", (320, 240)),
        ("snapshot_0", (160, 120)),
        ("snapshot_1?n=0.123", (320, 240)),
        ("snapshot_2", None),
        ("stream_99999999999999999999", None),
    ],
)
async def test_mjpg_streamer_looks_at_the_beginning_of_an_action_and_at_the_number_of_its_input(
    action: str, size: tuple[int, int] | None
) -> None:
    sources = ["cam=pattern:?size=160x120&fps=15", "door=pattern:?size=320x240&fps=15"]
    async with speaking("mjpg_streamer", *sources) as it:
        if size is None:
            head, body = await it.answer(f"/?action={action}")
            assert head.startswith(b"HTTP/1.1 404 ")
            assert b"there is: 0 to 1" in body
            return
        async with it.stream(f"/?action={action}") as stream:
            if action.startswith("snapshot"):
                assert size_of(await stream.rest()) == size
            else:
                assert size_of((await part(stream, "boundarydonotcross"))[1]) == size


async def test_old_clients_need_not_say_the_port_but_a_name_of_ours() -> None:
    async with speaking("mjpg_streamer") as it:
        for host, status in [
            ("127.0.0.1", 200),
            ("LocalHost", 200),
            ("[::1]", 200),
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("127.0.0.1:", 421),
            (f"127.0.0.1:{it.port - 1}", 421),
            (f"evil.example:{it.port}", 421),
        ]:
            asked = request("/", it.port, {"Host": host, "Connection": "close"})
            answer = await exchange(it.port, asked)
            assert (host, int(answer.split()[1])) == (host, status)


async def test_mjpg_streamer_names_its_actions() -> None:
    async with speaking("mjpg_streamer") as it:
        for wrong in ("command", "", "x" * 100, "%00"):
            head, body = await it.answer(f"/?action={wrong}")
            assert head.startswith(b"HTTP/1.1 400 ")
            assert body.count(b"\n") == 1
            assert b"stream or snapshot" in body
        assert await it.status("/?action=stream", "POST") == 405
        assert await it.status("/other") == 404
        assert b"/?action=stream" in (await it.answer("/"))[1]


async def test_flask_has_a_page_with_the_picture() -> None:
    async with speaking("flask") as it:
        head, body = await it.answer("/")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b'src="/video_feed"' in body
        assert await it.status("/favicon.ico") == 404
        assert await it.status("/", "POST") == 405


async def test_a_rendition_may_be_asked_for() -> None:
    async with speaking("mjpg_streamer") as it:
        async with it.stream("/?action=stream&w=80") as stream:
            assert size_of((await part(stream, "boundarydonotcross"))[1]) == (80, 60)
        head, body = await it.answer("/?action=stream&w=99999999")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert body.startswith(b"w=99999999")


async def test_the_channel_that_was_named_is_shown() -> None:
    sources = ["cam=pattern:?size=160x120&fps=15", "door=pattern:?size=320x240&fps=15"]
    for dialect, size in (("flask", (160, 120)), ("flask=door", (320, 240))):
        async with speaking(dialect, *sources) as it, it.stream("/video_feed") as stream:
            assert size_of((await part(stream, "frame"))[1]) == size


async def test_other_pages_of_this_host_may_show_the_pictures() -> None:
    async with speaking("flask") as it, it.stream("/video_feed", headers=BROWSER) as stream:
        assert stream.headers["cross-origin-resource-policy"] == "same-site"


@pytest.mark.parametrize(("dialect", "path", "boundary"), STREAMS[2:])
async def test_ffmpeg_reads_it(dialect: str, path: str, boundary: str, needs: Needs) -> None:
    async with speaking(dialect) as it:
        url = f"http://127.0.0.1:{it.port}{path}"
        options = ["-v", "error", "-xerror", "-f", "mpjpeg", "-i", url, "-frames:v", "9"]
        process = await asyncio.create_subprocess_exec(
            needs("ffmpeg"), *options, "-f", "null", "-", stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
