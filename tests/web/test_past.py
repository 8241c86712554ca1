"""Looking back: what the URL says, and pictures and clips that show what was then."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import av
import numpy as np
import PIL.Image
import PIL.ImageSequence
import pytest
import pytest_asyncio

from televise.errors import InputError
from televise.formats import gif
from televise.hub.looks import MAX_LOOKS
from televise.hub.policy import MAX_REPLAY_SECONDS, Policy
from televise.testing import Stamp, read_barcode
from televise.web.past import Past, parse_past
from tests.formats.witness import ffmpeg
from tests.support.server import Serving, serving
from tests.support.waiting import until
from tests.support.wire import connect, request

# A busy machine draws a picture so much later than it is due.
LATE_SECONDS = 0.5
DAY_SECONDS = 86_400
# A source of raw pictures keeps so many a second; its sibling comes as H.264.
RAW_RATE, FPS = 5, 15
LENGTH = 6.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("query", "past"),
    [
        ({}, None),
        ({"w": "64"}, None),
        ({"t": "-8s"}, Past(8.0)),
        ({"t": "-0.5s"}, Past(0.5)),
        ({"t": "-500ms"}, Past(0.5)),
        ({"t": "-0s"}, Past(0.0)),
        ({"t": "-300s", "d": "60s"}, Past(300.0, 60.0)),
        ({"t": "-8s", "d": "250ms"}, Past(8.0, 0.25)),
    ],
)
async def test_what_is_understood(query: dict[str, str], past: Past | None) -> None:
    assert parse_past(query) == past


async def test_nothing_is_kept_that_nobody_can_ask_for() -> None:
    kept = Policy(MAX_REPLAY_SECONDS, keep_open=True).replay_seconds
    assert parse_past({"t": f"-{kept}s"}) == Past(kept)
    with pytest.raises(InputError, match="301s: at most 300s: nobody can look back further"):
        Policy(MAX_REPLAY_SECONDS + 1)


async def test_unix_seconds_are_understood() -> None:
    past = parse_past({"timestamp": f"{time.time() - 9:.3f}", "d": "3s"})
    assert past is not None
    assert 8.9 < past.ago < 10.0
    assert past.length == 3.0


@pytest.mark.parametrize(
    "query",
    [
        {"t": ""},
        {"t": "5"},
        {"t": "-5"},
        {"t": "-5m"},
        {"t": "5s"},
        {"t": "--5s"},
        {"t": "-s"},
        {"t": "-.s"},
        {"t": "-1e2s"},
        {"t": "-nans"},
        {"t": "-301s"},
        {"t": "-" + "9" * 400 + "s"},
        {"t": "-٣s"},
        {"t": "-8s", "d": ""},
        {"t": "-8s", "d": "0s"},
        {"t": "-8s", "d": "5"},
        {"t": "-8s", "d": "5m"},
        {"t": "-8s", "d": "61s"},
        {"t": "-8s", "d": "-1s"},
        {"timestamp": "now"},
        {"timestamp": "0"},
        {"timestamp": "99999999999"},
        {"timestamp": "nan"},
        {"timestamp": "\n" * 50},
    ],
    ids=str,
)
async def test_what_is_not_understood_is_told_in_one_short_line(query: dict[str, str]) -> None:
    with pytest.raises(InputError) as raised:
        parse_past(query)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 120


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    """Two hubs: the other one's source is H.264, made by the first; both have some past."""
    policy = Policy(30.0, keep_open=True)
    async with serving(f"raw=pattern:?size=320x240&fps={FPS}&tone=440") as origin:
        url = f"http://{origin.authority}/raw.mp4"
        raw = f"raw=pattern:?size=320x240&fps={FPS}"
        async with serving(raw, f"coded={url}", policy=policy) as running:
            for name in ("raw", "coded"):
                await running.is_live(name)
            since = time.time()
            await until(lambda: time.time() - since > LENGTH + 2)
            yield running


def stamp(pixels: Any) -> Stamp:
    return read_barcode(np.asarray(pixels, np.uint8))


def age(found: Stamp, now: float) -> float:
    """How many seconds before ``now`` (Unix) it was drawn."""
    return (now % DAY_SECONDS - found.milliseconds / 1000) % DAY_SECONDS


async def fetch(live: Serving, path: str) -> tuple[bytes, float]:
    """The body, and when it was asked for."""
    asked = time.time()
    async with live.get(path) as answer:
        body = await answer.read()
        assert answer.status == 200, body
        return body, asked


def still(data: bytes) -> Stamp:
    with PIL.Image.open(io.BytesIO(data)) as image:
        return stamp(image.convert("L"))


@pytest.mark.parametrize("name", ["raw", "coded"])
@pytest.mark.parametrize("end", ["jpg", "png", "jpg?w=160"])
async def test_a_picture_of_then(live: Serving, name: str, end: str) -> None:
    path = f"/{name}.{end}{'&' if '?' in end else '?'}t=-3s"
    data, asked = await fetch(live, path)
    assert age(still(data), asked) == pytest.approx(3.0, abs=1.5 / RAW_RATE + LATE_SECONDS)


async def test_its_header_tells_when_it_was(live: Serving) -> None:
    async with live.get("/raw.jpg?t=-4s") as answer:
        captured = float(answer.headers["X-Timestamp"])
        data = await answer.read()
    assert age(still(data), captured) == pytest.approx(0.0, abs=LATE_SECONDS)


async def test_a_picture_by_the_clock(live: Serving) -> None:
    then = time.time() - 4
    data, _ = await fetch(live, f"/raw.jpg?timestamp={then:.3f}")
    assert age(still(data), then) == pytest.approx(0.0, abs=1.5 / RAW_RATE + LATE_SECONDS)


async def test_now_is_the_newest(live: Serving) -> None:
    data, asked = await fetch(live, "/raw.jpg?t=-0s")
    assert age(still(data), asked) < 1.0


@pytest.mark.parametrize(
    ("name", "query", "rate"),
    [("raw", "", RAW_RATE), ("coded", "", FPS), ("coded", "&w=160", FPS)],
)
async def test_a_film_of_then(live: Serving, name: str, query: str, rate: float) -> None:
    data, asked = await fetch(live, f"/{name}.mp4?t=-{LENGTH}s&d=3s{query}")
    ffmpeg(data, "-i", "-", "-f", "null", "-")
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
    stamps = [stamp(frame.to_ndarray(format="gray")) for frame in frames]
    numbers = [found.number for found in stamps]
    assert numbers == sorted(set(numbers))
    times = [frame.time or 0.0 for frame in frames]
    assert times[0] == pytest.approx(0.0, abs=0.1)
    # What is not encoded anew may begin up to half a second early, at a keyframe.
    early = 0.5 if name == "coded" else 0.0
    assert 3.0 - 2.5 / rate <= times[-1] <= 3.0 + early + 0.1
    assert age(stamps[-1], asked) == pytest.approx(LENGTH - 3.0, abs=2 / rate + LATE_SECONDS)
    assert (
        LENGTH - 2 / rate - LATE_SECONDS
        <= age(stamps[0], asked)
        <= LENGTH + early + 2 / rate + LATE_SECONDS
    )
    drawn = (numbers[-1] - numbers[0]) / FPS
    assert times[-1] - times[0] == pytest.approx(drawn, abs=0.1)


async def test_it_has_sound_where_the_source_has(live: Serving) -> None:
    data, _ = await fetch(live, f"/coded.mp4?t=-{LENGTH}s&d=3s")
    with av.open(io.BytesIO(data), "r") as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        scale = container.streams.audio[0].time_base
    assert scale is not None
    times = [float((packet.pts or 0) * scale) for packet in packets]
    assert all(before < after for before, after in pairwise(times))
    assert times[-1] - times[0] == pytest.approx(3.0, abs=0.7)


@pytest.mark.parametrize("name", ["raw", "coded"])
async def test_an_animation_of_then(live: Serving, name: str) -> None:
    data, asked = await fetch(live, f"/{name}.gif?t=-{LENGTH}s&d=3s&w=320")
    assert data[-1] == gif.TRAILER
    with PIL.Image.open(io.BytesIO(data)) as image:
        assert image.is_animated  # type: ignore[attr-defined]
        shown = [
            (stamp(each.convert("L")), each.info["duration"] / 1000)
            for each in PIL.ImageSequence.Iterator(image)
            if each.info.get("duration")
        ]
    stamps, delays = zip(*shown, strict=True)
    assert age(stamps[0], asked) == pytest.approx(LENGTH, abs=2 / RAW_RATE + LATE_SECONDS)
    assert age(stamps[-1], asked) == pytest.approx(LENGTH - 3.0, abs=2 / RAW_RATE + LATE_SECONDS)
    assert sum(delays) == pytest.approx(3.0, abs=2 / RAW_RATE)
    for (before, after), delay in zip(pairwise(stamps), delays, strict=False):
        assert (after.number - before.number) / FPS == pytest.approx(delay, abs=0.05)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/raw.jpg?t=-200s", 503, "no picture from 200 s ago is kept: it goes back "),
        ("/raw.jpg?t=5", 400, "t='5': how long ago, with its unit, as in t=-30s"),
        ("/raw.jpg?t=-5s&d=3s", 400, "d= is for clips"),
        ("/raw.mp4?t=-5s", 400, "a clip needs its length too"),
        ("/raw.gif?t=-5s", 400, "a clip needs its length too"),
        ("/raw.mp4?t=-5s&d=90s", 400, "d=90s: from 1s to 60s"),
        ("/nothing.jpg?t=-5s", 404, "no channel 'nothing'"),
        ("/off.jpg?t=-5s", 503, "no picture from 5 s ago is kept: there is none yet"),
    ],
)
async def test_what_cannot_be_had(path: str, status: int, told: str) -> None:
    async with serving("raw=pattern:?size=160x120&fps=5", "off=publish:", rtmp_port=-1) as running:
        await running.is_live("raw")
        while (await status_of(running, "/raw.jpg?t=-0s")) != 200:
            pass  # nothing is kept yet
        await until(lambda: running.channel("off").state == "offline")
        async with running.get(path) as answer:
            text = await answer.text()
            assert answer.status == status, text
    assert text.startswith(told)
    assert text.count("\n") == 1


async def status_of(running: Serving, path: str) -> int:
    async with running.get(path) as answer:
        return answer.status


async def test_nobody_watches_and_yet_it_is_kept(live: Serving) -> None:
    """With `--replay`; without it, the source would have been closed."""
    since = live.channel("raw").since
    await until(lambda: time.time() - since > 11)
    assert live.channel("raw").state == "live"
    data, asked = await fetch(live, "/raw.jpg?t=-9s")
    assert age(still(data), asked) == pytest.approx(9.0, abs=0.5)


async def test_an_idle_channel_keeps_nothing() -> None:
    async with serving("cam=pattern:?size=160x120&fps=5") as running:
        await running.is_live()
        running.channel()._idle()
        async with running.get("/cam.jpg?t=-1s") as answer:
            assert answer.status == 503
            assert await answer.text() == "cam keeps nothing to look back to: it is idle\n"


async def test_too_many_at_once_are_told_to_come_again(live: Serving) -> None:
    async def look() -> int:
        async with live.get(f"/coded.mp4?t=-{LENGTH}s&d=5s&w=160") as answer:
            await answer.read()
            return answer.status

    statuses = await asyncio.gather(*(look() for _ in range(12)))
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 8
    assert await look() == 200, "and then it is free again"


async def test_what_nobody_waits_for_any_more_is_not_made(live: Serving) -> None:
    """Each of these would take longer than anybody waits."""
    looks, path = live.channel("coded")._looks._looks, f"/coded.gif?t=-{LENGTH}s&d=5s&dither=1"
    writers = [(await connect(live.port))[1] for _ in range(MAX_LOOKS)]
    for writer in writers:
        writer.write(request(f"{path}&w=4096&h=2304&fps=15", live.port))
    await until(lambda: len(looks) == MAX_LOOKS)
    assert await status_of(live, "/coded.jpg?t=-1s") == 503
    for writer in writers:
        writer.transport.abort()
    await until(lambda: not looks)
    assert await status_of(live, "/coded.jpg?t=-1s") == 200


async def test_a_clip_that_is_too_much_is_told_so(
    live: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.channel("raw")._looks._budget, "megapixels", 100)
    async with live.get("/raw.gif?t=-30s&d=60s&w=4096&h=2304&fps=40") as answer:
        assert answer.status == 503
        told = await answer.text()
    assert told == (
        "the pictures of that clip have 22649 megapixels, and may have 3000: "
        "ask for a smaller w, h, fps or d\n"
    )
