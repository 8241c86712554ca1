"""``/cam.jpg``: the newest picture, and a plain word where there is none."""

import io
import time
from collections.abc import AsyncIterator

import PIL.Image
import pytest
import pytest_asyncio

from televise.model.rendition import Rendition
from televise.web import newest
from tests.support.server import Serving, serving
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving() as running:
        await running.is_live()
        yield running


async def test_it_is_a_whole_jpeg_of_now(live: Serving) -> None:
    began = time.time()
    async with live.get("/cam.jpg") as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == "no-store"
        data = await answer.read()
    with PIL.Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.size == (160, 120)
    captured = float(answer.headers["X-Timestamp"])
    assert began - 1.0 < captured < time.time()


async def test_the_next_one_is_newer(live: Serving) -> None:
    async def captured() -> float:
        async with live.get("/cam.jpg") as answer:
            return float(answer.headers["X-Timestamp"])

    times = [await captured()]
    async with live.stream("/cam.mjpg") as stream:
        while times[-1] == times[0] and len(times) < 20:
            await stream.until(b"\xff\xd9\r\n")
            times.append(await captured())
    assert times[0] < times[-1]


async def test_a_png_is_the_newest_picture_too(live: Serving) -> None:
    async def captured() -> float:
        # At a rate at which an encoder that runs on for a while has nothing newer.
        async with live.get("/cam.png?fps=0.1") as answer:
            with PIL.Image.open(io.BytesIO(await answer.read())) as picture:
                assert (picture.format, picture.size) == ("PNG", (160, 120))
            return float(answer.headers["X-Timestamp"])

    first = await captured()
    encoding = live.channel().acquire(Rendition("mjpeg"))
    # Its first picture is the one that there was; the header says whole microseconds.
    await until(lambda: encoding.log.newest and encoding.log.newest.captured / 1e9 > first + 1e-3)
    assert await captured() > first
    live.channel().release(encoding)


async def test_it_comes_in_the_size_that_is_asked(live: Serving) -> None:
    async with live.get("/cam.jpg?w=80") as answer:
        with PIL.Image.open(io.BytesIO(await answer.read())) as picture:
            assert picture.size == (80, 60)


async def test_its_encoder_is_released(live: Serving) -> None:
    async with live.get("/cam.jpg?w=96") as answer:
        assert answer.status == 200
    assert all(
        encoding.users == 0 for encoding in live.channel().encodings if encoding.rendition.w == 96
    )


async def test_no_picture_in_time_is_a_503_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "WAIT_SECONDS", 0.1)
    async with (
        serving("cam=http://127.0.0.1:9/nothing") as running,
        running.get("/cam.jpg") as answer,
    ):
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        text = await answer.text()
    assert text.startswith("cam has no picture now")
    assert text.count("\n") == 1
