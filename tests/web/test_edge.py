"""What is said on a WebSocket of ``televise.v1``, who is refused, and how viewers are counted."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from televise.model.rendition import Rendition
from televise.web.sockets import MAX_MESSAGE_BYTES
from tests.support.server import Serving, serving
from tests.support.waiting import until
from tests.support.wire import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    Stream,
    connect,
    handshake,
    request,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = '{"type":"report","rung":"mse","age_ms":120.5,"fps":15,"stalls":0}'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving() as running:
        await running.is_live()
        yield running


async def frame_of(stream: Stream, kind: str) -> Frame:
    """The next text message of this type."""
    while True:
        frame = await stream.frame()
        if frame.opcode == TEXT and frame.json["type"] == kind:
            return frame


async def close_of(stream: Stream) -> Frame:
    """The close frame, which must be the last of all frames."""
    while (frame := await stream.frame()).opcode != CLOSE:
        pass
    stream.send(CLOSE, frame.payload[:2])
    return frame


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the log says of clients that were sent away."""
    found: list[str] = []

    def note(_level: str, event: str, fields: dict[str, object]) -> None:
        if event == "viewer sent away":
            found.append(str(fields["reason"]))

    monkeypatch.setattr("televise.events._emit", note)
    # More than twenty in a second would only be counted.
    monkeypatch.setattr("televise.events._told", {})
    return found


async def test_hello_says_what_this_is(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        hello = (await stream.frame()).json
    assert (hello["type"], hello["channel"], hello["state"]) == ("hello", "cam", "live")
    assert hello["version"]


async def test_the_clock_is_told_to_who_asks(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        before = time.time() * 1000
        stream.say('{"type":"clock","client":12345.5}')
        answer = (await frame_of(stream, "clock")).json
    assert answer["client"] == 12345.5
    assert before <= answer["server"] <= time.time() * 1000


async def test_reports_reach_the_metrics(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        stream.say(REPORT)
        stream.say(REPORT.replace('"fps":15,"stalls":0', '"fps":10,"stalls":2'))
        # The answer to a later message shows that the report was read.
        stream.say('{"type":"clock","client":0}')
        await frame_of(stream, "clock")
    async with live.get("/metrics") as answer:
        text = await answer.text()
    assert 'televise_picture_age_seconds_count{channel="cam",rung="mse"} 2.0' in text
    assert 'televise_picture_age_seconds_sum{channel="cam",rung="mse"} 0.241' in text
    assert 'televise_player_fps_count{channel="cam",rung="mse"} 2.0' in text
    assert 'televise_player_fps_sum{channel="cam",rung="mse"} 25.0' in text
    assert 'televise_player_stalls_total{channel="cam",rung="mse"} 2.0' in text


async def test_what_no_player_can_have_seen_is_not_believed(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        for stalls in ("-5", "1e18"):
            text = f'{{"type":"report","rung":"gif","age_ms":1e12,"fps":1e9,"stalls":{stalls}}}'
            stream.say(text)
        stream.say('{"type":"clock","client":0}')
        await frame_of(stream, "clock")
    async with live.get("/metrics") as answer:
        text = await answer.text()
    assert 'televise_picture_age_seconds_sum{channel="cam",rung="gif"} 7200.0' in text
    assert 'televise_player_fps_sum{channel="cam",rung="gif"} 2000.0' in text
    assert 'televise_player_stalls_total{channel="cam",rung="gif"} 100.0' in text


async def test_what_is_said_later_than_this_version_knows_is_let_be(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        stream.say('{"type":"wish","for":"peace"}')
        stream.say('{"type":"clock","client":1}')
        assert (await frame_of(stream, "clock")).json["client"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        "[]",
        "1",
        "null",
        '"type"',
        "{}",
        '{"type":"clock"}',
        '{"type":"clock","client":"soon"}',
        '{"type":"clock","client":null}',
        '{"type":"clock","client":NaN}',
        '{"type":"clock","client":1e999}',
        '{"type":"clock","client":' + "9" * 400 + "}",
        '{"type":"clock","client":true}',
        '{"type":7}',
        '{"type":"report"}',
        '{"type":"report","age_ms":5}',
        '{"type":"report","rung":"mse"}',
        '{"type":"report","rung":"mse","age_ms":"old","fps":15,"stalls":0}',
        '{"type":"report","rung":"mse","age_ms":NaN,"fps":15,"stalls":0}',
        '{"type":"report","rung":"mse","age_ms":-Infinity,"fps":15,"stalls":0}',
        '{"type":"report","rung":"mse","age_ms":90,"fps":15}',
        '{"type":"report","rung":"mse","age_ms":90,"fps":NaN,"stalls":0}',
        '{"type":"report","rung":"mse","age_ms":90,"fps":15,"stalls":Infinity}',
        '{"type":"report","rung":"mse","age_ms":90,"fps":15,"stalls":[]}',
        "[" * 2000,
    ],
    ids=lambda text: text[:40],
)
async def test_what_is_no_message_closes_with_1008(
    live: Serving, text: str, lines: list[str]
) -> None:
    async with live.told("/cam.mjpg") as stream:
        await stream.frame()
        stream.say(text)
        closing = await close_of(stream)
        assert closing.code == 1008
        assert closing.payload[2:].startswith(b"not a message of televise.v1: ")
        assert await stream.rest() == b"", "nothing follows a close frame"
    (line,) = lines
    assert line.startswith("not a message of televise.v1: ")


async def test_what_is_no_text_closes_with_1003(live: Serving, lines: list[str]) -> None:
    async with live.told("/cam.mjpg") as stream:
        await stream.frame()
        for _ in range(3):
            stream.send(BINARY, bytes(100))
        assert (await close_of(stream)).code == 1003
        assert await stream.rest() == b""
    assert lines == ["only text is understood"]


async def test_a_broken_report_leaves_the_metrics_whole(live: Serving) -> None:
    async with live.get("/metrics") as answer:
        text = await answer.text()
    assert "NaN" not in text
    sums = [line for line in text.splitlines() if line.startswith("televise_picture_age_seconds_s")]
    assert not [line for line in sums if "Inf" in line]


async def test_strangers_make_no_new_time_series(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        for number in range(10):
            stream.say(REPORT.replace("mse", f"my-{number}"))
        stream.say('{"type":"clock","client":0}')
        await frame_of(stream, "clock")
    async with live.get("/metrics") as answer:
        text = await answer.text()
    assert "my-" not in text
    assert 'televise_picture_age_seconds_count{channel="cam",rung="other"} 10.0' in text


async def test_a_message_that_is_too_large_closes_with_1009(
    live: Serving, lines: list[str]
) -> None:
    async with live.told("/cam.mjpg") as stream:
        await stream.frame()
        stream.say("a" * (MAX_MESSAGE_BYTES + 1))
        assert (await close_of(stream)).code == 1009
    await until(lambda: live.watching == 0)
    assert len(lines) == 1


@pytest.mark.parametrize("told", [True, False])
async def test_the_length_alone_is_enough_to_close(live: Serving, told: bool) -> None:
    """A frame that claims 2^62 bytes is refused before one of them has come."""
    opened = live.told("/cam.mjpg") if told else live.stream_socket("/cam.mjpg")
    async with opened as stream:
        await stream.frame()
        stream.writer.write(b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"mask")
        assert (await close_of(stream)).code in (1002, 1009)


@pytest.mark.parametrize(
    "data",
    [b"\xf1\x80mask", b"\x83\x80mask", b"\x09\x80mask", b"\x81\x82mask\x92\x9e"],
    ids=["reserved bits", "reserved opcode", "fragmented ping", "not UTF-8"],
)
async def test_broken_frames_close_the_connection(live: Serving, data: bytes) -> None:
    async with live.told("/cam.mjpg") as stream:
        await stream.frame()
        stream.writer.write(data)
        assert (await close_of(stream)).code in (1002, 1007)


async def test_bare_clients_are_never_told_anything_whatever_they_say(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg") as stream:
        for text in ("", "hello", "{", '{"type":"clock","client":1}', REPORT):
            stream.say(text)
        stream.send(BINARY, bytes(100))
        stream.send(PING, b"there?")
        opcodes = []
        while PONG not in opcodes:
            opcodes.append((await stream.frame()).opcode)
        opcodes += [(await stream.frame()).opcode for _ in range(5)]
    assert set(opcodes) == {BINARY, PONG}


async def test_a_polite_close_is_answered(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg") as stream:
        await stream.frame()
        stream.send(CLOSE, (1000).to_bytes(2, "big"))
        assert (await close_of(stream)).code == 1000
    await until(lambda: live.watching == 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Sec-WebSocket-Key", ""),
        ("Sec-WebSocket-Key", "short"),
        ("Sec-WebSocket-Version", "12"),
        ("Connection", "close"),
    ],
)
async def test_a_broken_handshake_is_a_400_and_holds_nothing(
    live: Serving, field: str, value: str
) -> None:
    async with Stream.open(live.port, "/cam.mjpg", {field: value}, websocket=True) as stream:
        assert stream.status in (400, 426)
    await until(lambda: live.watching == 0)
    assert all(encoding.users == 0 for encoding in live.channel().encodings)


async def test_viewers_are_counted_while_they_watch(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg") as first, live.stream("/cam.mp4") as second:
        await first.frame()
        await second.box()
        assert (await live.json("/api/channels/cam"))["viewers"] == 2
    await until(lambda: live.edge.census.viewers(live.channel()) == 0)
    assert (await live.json("/api/channels/cam"))["viewers"] == 0


@pytest.mark.parametrize("websocket", [True, False])
async def test_one_viewer_too_many_is_told_to_come_later(websocket: bool) -> None:
    async with serving(max_viewers=2) as running:
        async with (
            running.stream("/cam.mjpg"),
            running.stream_socket("/cam.mjpg"),
            Stream.open(running.port, "/cam.mjpg", websocket=websocket) as third,
        ):
            assert third.status == 503
            assert int(third.headers["retry-after"]) > 0
            length = int(third.headers["content-length"])
            text = (await third.exactly(length)).decode()
        assert text == "there are 2 viewers already: try again later\n"
        await until(lambda: running.watching == 0)
        async with running.stream("/cam.mjpg"):
            pass


async def test_one_address_has_its_own_limit() -> None:
    async with serving(max_viewers_per_address=1) as running:
        async with running.stream("/cam.mjpg"), running.get("/cam.mp4") as second:
            assert second.status == 503
            assert "from your address" in await second.text()
        async with running.get("/metrics") as answer:
            assert 'televise_refused_total{limit="viewers_per_address"} ' in await answer.text()


async def test_a_channel_is_encoded_in_so_many_ways_only() -> None:
    """And the source's own size is always among them, whatever strangers ask for."""
    async with serving(max_renditions=2) as running:
        await running.is_live()
        async with (
            running.stream_socket("/cam.mjpg?w=32") as first,
            running.stream_socket("/cam.mjpg?w=48"),
        ):
            async with running.get("/cam.mjpg?w=64") as third:
                assert third.status == 503
                assert "already encoded in 2 ways" in await third.text()
            async with running.stream_socket("/cam.mjpg?w=32") as same:
                assert (await same.frame()).opcode == BINARY
            async with running.stream_socket("/cam.mjpg") as plain:
                assert (await plain.frame()).opcode == BINARY
            assert (await first.frame()).opcode == BINARY
        # Those that only linger make room.
        await until(lambda: running.watching == 0)
        async with running.stream_socket("/cam.mjpg?w=64") as third_again:
            assert (await third_again.frame()).opcode == BINARY


async def test_what_the_source_has_not_is_refused_with_its_reason(live: Serving) -> None:
    """A film without pictures has no MJPEG; the viewer hears why, over HTTP and over WebSocket."""
    encoding = live.channel().acquire(Rendition("mjpeg", w=112))
    try:
        await live.edge.begun(encoding, 10)
        encoding.refuse("the source has no picture")
        async with live.get("/cam.mjpg?w=112") as answer:
            assert answer.status == 503
            assert await answer.text() == "cam: the source has no picture\n"
        async with live.get("/cam.jpg?w=112") as answer:
            assert answer.status == 503
            assert await answer.text() == "cam: the source has no picture\n"
        async with live.told("/cam.mjpg?w=112") as stream:
            closing = await close_of(stream)
            assert (closing.code, closing.payload[2:]) == (1013, b"the source has no picture")
    finally:
        live.channel().release(encoding)


@pytest.mark.parametrize("websocket", [True, False])
async def test_an_encoder_that_fails_later_sends_its_viewers_away(
    live: Serving, websocket: bool
) -> None:
    """Nothing more would come: it is better to know, and to try again."""
    path = "/cam.mjpg?w=144"
    opened = live.told(path) if websocket else live.stream(path)
    async with opened as stream:
        await stream.exactly(5000)
        (encoding,) = [each for each in live.channel().encodings if each.rendition.w == 144]
        encoding.refuse("the encoder has failed")
        rest = await stream.rest()
    if websocket:
        assert rest.endswith((1013).to_bytes(2, "big") + b"the encoder has failed")
    await until(lambda: live.watching == 0)


async def test_a_viewer_who_leaves_while_it_waits_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("televise.web.edge.BEGIN_SECONDS", 0.3)
    async with serving("cam=http://127.0.0.1:9/nothing") as running:
        for websocket in (True, False):
            _, writer = await connect(running.port)
            writer.write((handshake if websocket else request)("/cam.mjpg", running.port))
            await until(lambda: running.watching == 1)
            writer.transport.abort()
            await until(lambda: running.watching == 0)
        assert running.channel().encodings[0].users == 0


async def test_two_viewers_share_one_encoding(live: Serving) -> None:
    path = "/cam.mjpg?w=40"
    async with live.stream_socket(path) as first, live.stream_socket(path) as second:
        pictures = {(await first.frame()).payload for _ in range(10)}
        assert (await second.frame()).payload in pictures
        mine = [each for each in live.channel().encodings if each.rendition.w == 40]
        assert [encoding.users for encoding in mine] == [2]


async def test_many_short_visits_leave_nothing_behind(
    live: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async def flee(number: int) -> None:
        """Gone before there is an answer, or just when it comes."""
        message = (handshake if number % 2 else request)("/cam.mp4", live.port)
        reader, writer = await connect(live.port)
        writer.write(message)
        if number % 4 > 1:
            await reader.read(1)
        writer.transport.abort()

    async def visit(number: int) -> None:
        opened = (live.stream, live.stream_socket, live.told)[number % 3]
        async with opened("/cam.mjpg" if number % 2 else "/cam.mp4") as stream:
            await stream.exactly(100)

    await asyncio.gather(*(visit(number) for number in range(40)), *map(flee, range(40)))
    await until(lambda: live.watching == 0)
    await until(lambda: not live.pumps)
    assert [record.getMessage() for record in caplog.records] == [], "that is no fault"
    assert live.edge.census.viewers(live.channel()) == 0
