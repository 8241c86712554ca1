"""Publishing by HTTP: ffmpeg in every format, single pictures, refusals, and faults."""

import asyncio
import contextlib
import os
import random
import signal
import struct
import time
from pathlib import Path

import pytest

from televise.hub.publishing import MOST_AHEAD
from televise.ingest import http
from televise.web import control
from tests.conftest import Needs
from tests.ingest.publishers import (
    BLUE,
    RED,
    SIZE,
    WAYS,
    X264,
    Hub,
    film,
    picture,
    publishable,
    publisher,
    sent_in_chunks,
)
from tests.media.films import make, moving
from tests.support.gif import read_frame, read_header
from tests.support.server import SMALL
from tests.support.waiting import LIMIT_SECONDS, until
from tests.support.wire import connect, request

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("way", WAYS)
async def test_ffmpeg_publishes(hub: Hub, way: str, needs: Needs) -> None:
    needs("ffmpeg")
    with publisher(hub.url(f"/cam.{way}")):
        await hub.tv.is_live()
        assert (await hub.shown()).size == SIZE
        await hub.shows("red")
    await until(lambda: hub.tv.channel().state == "offline")
    assert hub.tv.channel().text == "the publisher has gone"


@pytest.mark.parametrize("way", WAYS)
async def test_a_film_that_ends_is_played_and_its_sender_told(
    hub: Hub, way: str, needs: Needs
) -> None:
    needs("ffmpeg")
    data = film(way)
    status, text = await hub.send(f"/cam.{way}", data)
    assert (status, text) == (200, f'{{"received": {len(data)}}}')
    await hub.is_free()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
async def test_one_picture_per_request(
    hub: Hub, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 1.0)
    for name, colour in (("red", RED), ("blue", BLUE)):
        assert await hub.send("/cam.png", picture(colour, format)) == (204, "")
        await hub.shows(name)


async def test_pictures_may_become_others(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 1.0)
    for format, size in (("JPEG", (160, 120)), ("PNG", (160, 120)), ("JPEG", (320, 240))):
        for name, colour in (("red", RED), ("blue", BLUE)):
            assert (await hub.send("/cam.jpg", picture(colour, format, size)))[0] == 204
            await hub.shows(name)
    assert (await hub.shown()).size == (320, 240)


@pytest.mark.parametrize("size", [(1, 1), (1, 100), (100, 1), (3, 2)])
async def test_however_small_it_is_shown(
    hub: Hub, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 600.0)
    worker = await until(lambda: hub.tv.channel().worker or 0)
    assert await hub.send("/cam.png", picture(RED, "PNG", size)) == (204, "")
    end = time.monotonic() + LIMIT_SECONDS
    while min((await hub.shown()).size) != 2:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 0.05)
    assert (await hub.send("/cam.png", picture(RED, "PNG", size)))[0] == 204
    await hub.is_free()
    assert hub.tv.channel().worker == worker


async def test_who_sends_pictures_keeps_the_seat_for_a_while(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 600.0)
    for _ in range(3):
        assert (await hub.send("/cam.jpg", picture(RED, "JPEG")))[0] == 204
    first = hub.tv.channel().publisher
    assert first is not None
    assert (await hub.send("/cam.ts", b"x"))[0] == 409
    # The next one may come at once, and after it nobody for a moment.
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 0.05)
    assert (await hub.send("/cam.jpg", picture(RED, "JPEG")))[0] == 204
    await hub.is_free()
    assert (await hub.send("/cam.jpg", picture(RED, "JPEG")))[0] == 204
    assert hub.tv.channel().publisher is not first


async def test_one_address_may_have_two_who_send_pictures(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With keys of their own: the second is another publisher."""
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 600.0)
    first, second = hub.token(), hub.token()
    assert first != second
    assert (await hub.send("/cam.jpg", picture(RED, "JPEG"), first))[0] == 204
    assert (await hub.send("/cam.jpg", picture(BLUE, "JPEG"), second))[0] == 409
    take_over = hub.token(take_over=True)
    assert (await hub.send("/cam.jpg?takeover=1", picture(BLUE, "JPEG"), take_over))[0] == 204
    assert (await hub.send("/cam.jpg", picture(RED, "JPEG"), first))[0] == 409
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 0.05)
    assert (await hub.send("/cam.jpg", picture(BLUE, "JPEG"), take_over))[0] == 204
    await hub.is_free()


async def test_pictures_that_come_at_once_share_a_seat(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 0.2)
    data = picture(RED, "JPEG")
    answers = await asyncio.gather(*(hub.send("/cam.jpg", data) for _ in range(20)))
    assert {status for status, _ in answers} == {204}
    await hub.is_free()


async def test_a_seat_that_was_taken_over_is_not_given_up_twice(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 0.3)
    assert (await hub.send("/cam.jpg", picture(RED, "JPEG")))[0] == 204
    token = hub.token(take_over=True)
    assert (await hub.send("/cam.ts?takeover=1", b"no media", token))[0] == 415
    assert (await hub.send("/cam.jpg", picture(BLUE, "JPEG")))[0] == 204
    second = hub.tv.channel().publisher
    assert second is not None
    await hub.is_free()
    assert second.closed.done() is False, "it left by itself, and was not sent away"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the picture is not complete"),
        (b"hello", "it is not a JPEG, PNG, GIF or WebP picture"),
        (picture(RED, "JPEG")[:-20], "the picture is not complete"),
        (picture(RED, "PNG")[:-20], "the picture is not complete"),
        (picture(RED, "BMP"), "it is not a JPEG, PNG, GIF or WebP picture"),
    ],
    ids=["nothing", "text", "cut jpeg", "cut png", "bmp"],
)
async def test_what_is_no_picture(hub: Hub, data: bytes, told: str) -> None:
    status, text = await hub.send("/cam.jpg", data)
    assert status == 415
    assert text.startswith(told)
    assert text.count("\n") == 1
    assert hub.tv.channel().publisher is None


@pytest.mark.parametrize("way", ["with its header", "at once", "behind a good one"])
@pytest.mark.parametrize("path", ["/cam.jpg", "/cam.ts", "/api/channels/cam"])
async def test_a_body_that_is_no_http(
    hub: Hub, path: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk whose size is no number is answered, and not waited for."""
    for module, name in ((http, "PICTURE_SECONDS"), (control, "BODY_SECONDS")):
        monkeypatch.setattr(module, name, 600.0)
    answer = await sent_in_chunks(hub, path, b"ten\r\nhello\r\n0\r\n\r\n", way)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert answer.count(b"HTTP/1.") == 1
    assert b"nvalid character in chunk size" in answer
    await hub.is_free()


async def test_a_picture_that_is_too_large(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.tv.edge.sizes, "picture", 1 << 20)
    status, text = await hub.send("/cam.jpg", bytes(2 << 20))
    assert (status, text) == (413, "a picture must have at most 1 MB\n")
    many = picture(RED, "PNG").replace(struct.pack(">II", *SIZE), struct.pack(">II", 9999, 9999))
    status, text = await hub.send("/cam.png", many)
    assert (status, text) == (413, "the picture has 9999x9999 pixels; the limit is 9437184\n")
    assert hub.tv.channel().publisher is None


@pytest.mark.parametrize("path", ["/cam.ts", "/cam.jpg"])
async def test_keys(hub: Hub, path: str) -> None:
    async with hub.tv.get(path, "PUT", data=b"x") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="televise"'
        assert "televise token" in await answer.text()
    assert (await hub.send(path, b"x", "nonsense"))[0] == 401
    assert (await hub.send(path, b"x", hub.token("cam10")))[0] == 403
    red = picture(RED, "JPEG")
    assert (await hub.send(f"/nothing{path[4:]}", red, hub.token("*")))[0] == 404
    assert (await hub.send(f"/pattern{path[4:]}", red, hub.token("*")))[0] == 400
    async with hub.tv.get(f"{path}?token={hub.token()}", "POST", data=b"x") as answer:
        assert answer.status == 415


async def test_every_refusal_is_in_the_log(
    hub: Hub, refusals: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PICTURE_SEAT_SECONDS", 0.2)
    red, any_key = picture(RED, "JPEG"), hub.token("*")
    for path, data, token, status in (
        ("/cam.ts", b"x", "nonsense", 401),
        ("/cam.jpg", red, hub.token("cam10"), 403),
        ("/cam.ts?takeover=yes", b"x", "", 400),
        ("/nothing.ts", b"x", any_key, 404),
        ("/cam.png", b"hello", "", 415),
        ("/pattern.jpg", red, any_key, 400),
        ("/cam.jpg", red, "", 204),
        ("/cam.ts", b"x", "", 409),
    ):
        refusals.clear()
        before = status != 204
        assert (await hub.send(path, data, token))[0] == status
        told = [(channel, address) for channel, address, _ in refusals]
        assert told == [(path[1:].partition(".")[0], "127.0.0.1")] * before
        assert all(reason and "\n" not in reason for *_, reason in refusals)
    await hub.is_free()
    # Why one goes that had a seat is told as that.
    refusals.clear()
    assert (await hub.send("/cam.ts", b"no media"))[0] == 415
    assert refusals == []


@pytest.mark.parametrize("path", ["/cam.ts?takeover=1", "/cam.jpg?takeover=1"])
async def test_taking_over_needs_a_key_for_that(hub: Hub, path: str) -> None:
    status, text = await hub.send(path, picture(RED, "JPEG"))
    assert (status, text.count("\n")) == (403, 1)
    assert "--take-over" in text
    assert (await hub.send(path.replace("=1", "=yes"), picture(RED, "JPEG")))[0] == 400


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(2))
async def test_bad_bytes_do_not_disturb_the_channel(
    hub: Hub, way: str, seed: int, needs: Needs
) -> None:
    needs("ffmpeg")
    chance = random.Random(seed)
    broken = bytearray(film(way))
    worker = await until(lambda: hub.tv.channel().worker or 0)
    status, text = await hub.send(f"/cam.{way}", chance.randbytes(300_000))
    assert status == 415
    assert text.startswith("what is published: ")
    assert text.count("\n") == 1
    for _ in range(200):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    assert (await hub.send(f"/cam.{way}", bytes(broken)))[0] in (200, 415)
    with publisher(hub.url("/cam.ts")):
        await hub.tv.is_live()
        await hub.shows("red")
    assert hub.tv.channel().worker == worker, "the same process has gone through all that"


async def test_one_publisher_at_a_time(hub: Hub, needs: Needs) -> None:
    """The second is refused, and those who watch do not see it."""
    needs("ffmpeg")
    with publisher(hub.url("/cam.ts"), "red") as first:
        await hub.tv.is_live()
        held = await until(lambda: hub.tv.channel().publisher)
        await hub.shows("red")
        known = hub.tv.connections.copy()
        with publisher(hub.url("/cam.ts"), "blue"):
            await until(lambda: hub.tv.connections - known)
            status, text = await hub.send("/cam.flv", film("flv"))
            assert (status, text.count("\n")) == (409, 1)
            assert "somebody publishes cam already" in text
            for _ in range(10):
                assert await hub.colour() == "red"
        assert hub.tv.channel().publisher is held
        assert first.poll() is None


async def test_who_may_takes_over(hub: Hub, needs: Needs) -> None:
    needs("ffmpeg")
    with publisher(hub.url("/cam.ts"), "red"):
        await hub.tv.is_live()
        await hub.shows("red")
        held = hub.tv.channel().publisher
        assert held is not None
        with publisher(hub.url("/cam.ts?takeover=1", hub.token(take_over=True)), "blue"):
            await held.closed
            assert str(held.problem) == "another publisher has taken over"
            await hub.shows("blue")


async def test_killed_and_back_its_viewers_have_noticed_a_slate(hub: Hub, needs: Needs) -> None:
    needs("ffmpeg")
    with publisher(hub.url("/cam.ts"), "red") as first:
        await hub.tv.is_live()
        async with hub.tv.told("/cam.mp4") as viewer:
            while (await viewer.frame()).opcode != 2:
                pass
            encoding = next(each for each in hub.tv.channel().encodings if each.users)
            epoch = encoding.epoch
            first.send_signal(signal.SIGKILL)
            first.wait()
            await until(lambda: hub.tv.channel().state == "offline")
            await hub.is_free()
            with publisher(hub.url("/cam.ts"), "blue"):
                await hub.tv.is_live()
                await until(lambda: encoding.epoch > epoch)
                epochs = {0}
                while max(epochs) <= epoch:
                    frame = await viewer.frame()
                    if frame.opcode == 1 and frame.json["type"] == "init":
                        epochs.add(frame.json["epoch"])
                await hub.shows("blue")


async def test_a_gif_goes_on_where_the_next_one_has_another_shape(
    hub: Hub, needs: Needs, tmp_path: Path
) -> None:
    """It has one header, so an <img> would stand still for ever."""
    needs("ffmpeg")
    wide = make(tmp_path / "wide.ts", *moving("320x120", seconds=4.0), *X264)
    with publisher(hub.url("/cam.ts"), "red"):
        await hub.tv.is_live()
        async with hub.tv.stream("/cam.gif") as viewer:
            await read_header(viewer)
            await read_frame(viewer)
            encoding = next(each for each in hub.tv.channel().encodings if each.users)
            epoch = encoding.epoch
            take_over = hub.token(take_over=True)
            sending = asyncio.create_task(
                hub.send("/cam.ts?takeover=1", wide.read_bytes(), take_over)
            )
            while encoding.epoch == epoch:
                await read_frame(viewer)
            for _ in range(5):
                await read_frame(viewer)
            assert {(each.width, each.height) for each in encoding.tracks} == {SIZE}
            await sending


async def test_frozen_it_is_stalled_and_goes_on_after_that(hub: Hub, needs: Needs) -> None:
    needs("ffmpeg")
    with publisher(hub.url("/cam.ts")) as process:
        await hub.tv.is_live()
        await hub.shows("red")
        process.send_signal(signal.SIGSTOP)
        await until(lambda: hub.tv.channel().state == "stalled")
        assert hub.tv.channel().text.startswith("no picture for ")
        assert hub.tv.channel().publisher is not None, "it still has the seat"
        process.send_signal(signal.SIGCONT)
        await hub.tv.is_live()
        await hub.shows("red")


async def test_a_publisher_outlives_the_worker(hub: Hub, needs: Needs) -> None:
    needs("ffmpeg")
    with publisher(hub.url("/cam.ts")) as process:
        held = await until(lambda: hub.tv.channel().publisher)
        await hub.tv.is_live()
        await hub.shows("red")
        before = await until(lambda: hub.tv.channel().worker or 0)
        os.kill(before, signal.SIGKILL)
        await until(lambda: hub.tv.channel().worker not in (None, before))
        await hub.tv.is_live()
        await hub.shows("red")
        assert hub.tv.channel().publisher is held
        assert process.poll() is None


async def test_one_whose_format_cannot_be_joined_must_come_again(hub: Hub, needs: Needs) -> None:
    needs("ffmpeg")
    with publisher(hub.url("/cam.flv")):
        held = await until(lambda: hub.tv.channel().publisher)
        assert held is not None
        await hub.tv.is_live()
        before = await until(lambda: hub.tv.channel().worker or 0)
        os.kill(before, signal.SIGKILL)
        await held.closed
    assert str(held.problem) == "its reader has ended: publish again"
    await until(lambda: hub.tv.channel().worker not in (None, before))


async def test_who_sends_faster_than_is_read_waits(hub: Hub) -> None:
    worker = await until(lambda: hub.tv.channel().worker or 0)
    _, writer = await connect(hub.tv.port)
    try:
        headers = {"Authorization": f"Bearer {hub.token()}", "Transfer-Encoding": "chunked"}
        writer.write(request("/cam.ts", hub.tv.port, headers, "POST"))
        held = await until(lambda: hub.tv.channel().publisher)
        assert held is not None
        os.kill(worker, signal.SIGSTOP)
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"

        async def pour() -> None:
            while True:
                writer.write(piece)
                await writer.drain()

        pouring = asyncio.create_task(pour())
        await until(lambda: not held.writable.is_set())
        received = held.received
        assert MOST_AHEAD <= received < MOST_AHEAD + (1 << 19)
        await asyncio.sleep(0.3)  # in which it could receive a lot
        assert held.received == received
        os.kill(worker, signal.SIGCONT)
        await until(lambda: held.received > received)
        pouring.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await pouring
    finally:
        os.kill(worker, signal.SIGCONT)
        writer.transport.abort()


async def test_publishers_may_make_channels(tmp_path: Path, needs: Needs) -> None:
    """Its worker starts only then: nothing of what is sent may be lost."""
    needs("ffmpeg")
    async with publishable(tmp_path, f"pattern={SMALL}", new_channels=True) as hub:
        with publisher(hub.url("/new.mp4", hub.token("new"))):
            await until(lambda: hub.tv.server.hub.has("new"))
            await hub.tv.is_live("new")
            await hub.shows("red", "new")
        assert (await hub.send("/api.ts", b"x", hub.token("*")))[0] == 400
        assert (await hub.send("/other.ts", b"x", hub.token("new")))[0] == 403
        assert not hub.tv.server.hub.has("other")


async def test_who_publishes_when_the_server_stops_is_told(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    async with publishable(tmp_path) as hub:
        with publisher(hub.url("/cam.ts")) as process:
            await hub.tv.is_live()
            held = hub.tv.channel().publisher
            assert held is not None
            await hub.tv.server.close()
            assert str(held.problem) == "the channel ends"
            await until(lambda: process.poll() is not None)
