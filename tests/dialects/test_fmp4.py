"""The dialects with fMP4 over WebSocket: what comes first, and what each message is."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from televise.formats.box import boxes
from televise.hub.encoding import Encoding
from televise.web.edge import Edge
from tests.dialects.speaking import Speaking, binary, fragments, init, speaking
from tests.support.mp4 import parse_fragment
from tests.support.waiting import until
from tests.support.wire import BINARY, CLOSE, TEXT

pytestmark = pytest.mark.asyncio(loop_scope="module")

TONED = "cam=pattern:?size=160x120&fps=15&tone=440"
COUNT = 20
SILENT = {"berrymse": "/websocket", "mse_demo": "/ws/", "plain": "/any/where?at=all"}
ALL = SILENT | {
    "websocketlivestream": "/stream1",
    "rtsptoweb": "/stream/cam/channel/0/mse",
    "go2rtc": "/api/ws?src=cam",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=list(ALL))
async def each(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, Speaking]]:
    async with speaking(request.param, TONED) as running:
        yield request.param, running


async def test_berrymse_gets_init_and_one_fragment_per_message_without_sound() -> None:
    async with speaking("berrymse", TONED) as it, it.socket("/websocket") as stream:
        assert (await init(stream)).count(b"trak") == 1
        found = await fragments(stream, COUNT)
    assert found[0].sequence == 1
    assert found[0].decode_time == 0, "its page does not seek"


async def test_mse_demo_gets_ftyp_and_moov_apart() -> None:
    async with speaking("mse_demo", TONED) as it, it.socket("/ws/") as stream:
        names = [[name for name, _, _ in boxes(await binary(stream))] for _ in range(2)]
        assert names == [["ftyp"], ["moov"]]
        first = await binary(stream)
        flags = first[first.index(b"trun") + 4 :][:4]
        assert flags[3] & 0x4, "first-sample-flags-present"
        assert parse_fragment(first).starts_at_idr


async def test_plain_gets_it_at_any_url_whatever_it_says() -> None:
    async with speaking("plain", TONED) as it, it.socket("/some/where?x=1") as stream:
        stream.say("give me everything")
        await init(stream)
        stream.say("\N{SNOWMAN}")
        assert (await fragments(stream, COUNT))[0].decode_time == 0


async def test_rtsptoweb_begins_with_nine_and_the_codecs() -> None:
    async with (
        speaking("rtsptoweb", TONED) as it,
        it.socket("/stream/cam/channel/0/mse?uuid=cam&channel=0") as stream,
    ):
        first = await binary(stream)
        assert first[:1] == b"\x09"
        video, audio = first[1:].decode("ascii").split(",")
        assert video.startswith("avc1.64")
        assert audio == "mp4a.40.2"
        assert (await init(stream)).count(b"trak") == 2
        found = await fragments(stream, 2 * COUNT)
    assert {fragment.track for fragment in found} == {1, 2}
    assert found[0].decode_time == 0
    sound = [fragment.decode_time for fragment in found if fragment.track == 2]
    assert sound[0] < 48_000 / 4


async def test_rtsptoweb_knows_channels_by_name() -> None:
    async with speaking("rtsptoweb", TONED) as it:
        assert await it.status("/stream/other/channel/0/mse") == 404
        assert await it.status("/stream/cam/channel/x/mse") == 404
        assert await it.status("/stream/cam/channel/0/mse") == 426
    async with (
        speaking("rtsptoweb=cam", TONED) as it,
        it.socket("/stream/27aec28e/channel/1/mse") as stream,
    ):
        assert (await binary(stream))[:1] == b"\x09"


@pytest.mark.parametrize(
    ("asked", "codecs"),
    [
        ("avc1.640029,avc1.64002A,hvc1.1.6.L153.B0,mp4a.40.2,opus", ["avc1.64", "mp4a.40.2"]),
        ("avc1.640029,opus", ["avc1.64"]),
        ("", ["avc1.64", "mp4a.40.2"]),
    ],
)
async def test_go2rtc_is_told_the_exact_mime(asked: str, codecs: list[str]) -> None:
    async with speaking("go2rtc", TONED) as it, it.socket("/api/ws?src=cam") as stream:
        stream.say(json.dumps({"type": "mse", "value": asked}))
        frame = await stream.frame()
        assert frame.opcode == TEXT
        assert list(frame.json) == ["type", "value"]
        assert frame.json["type"] == "mse"
        kind, told, rest = frame.json["value"].split('"')
        assert (kind, rest) == ("video/mp4; codecs=", "")
        assert len(told.split(",")) == len(codecs)
        assert all(a.startswith(b) for a, b in zip(told.split(","), codecs, strict=True))
        assert (await init(stream)).count(b"trak") == len(codecs)
        assert (await fragments(stream, COUNT))[0].decode_time == 0


async def test_the_first_fragment_is_at_zero_however_late_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the two there is another keyframe, at which others would begin."""

    async def two_keyframes(edge: Edge, encoding: Encoding, seconds: float) -> None:
        seen = set[int]()

        def note() -> None:
            if (newest := encoding.log.newest) is not None and newest.keyframe:
                seen.add(newest.sequence)

        encoding.listeners.add(note)
        await until(lambda: len(seen) > 1)

    monkeypatch.setattr(Edge, "begun", two_keyframes)
    async with speaking("go2rtc", TONED) as it, it.socket("/api/ws?src=cam") as stream:
        stream.say(json.dumps({"type": "mse", "value": ""}))
        await stream.frame()
        await init(stream)
        assert (await fragments(stream, COUNT))[0].decode_time == 0


async def test_go2rtc_is_refused_what_there_is_not_and_may_ask_again() -> None:
    async with speaking("go2rtc", TONED) as it, it.socket("/api/ws?src=cam") as stream:
        for asked in ({"type": "webrtc/offer", "value": "v=0"}, {"type": "mse", "value": "hvc1"}):
            stream.say(json.dumps(asked))
            refusal = (await stream.frame()).json
            assert refusal["type"] == "error"
            assert refusal["value"].startswith(asked["type"])
        stream.say('{"type":"mjpeg"}')
        assert (await stream.frame()).json == {"type": "mjpeg"}
        assert (await binary(stream)).startswith(b"\xff\xd8")
        stream.say('{"type":"hls","value":""}')
        frames = [await stream.frame() for _ in range(COUNT)]
        assert [frame.json["type"] for frame in frames if frame.opcode == TEXT] == ["error"]
        assert {frame.opcode for frame in frames} == {TEXT, BINARY}


async def test_go2rtc_goes_on_where_webrtc_is_asked_for_beside_mse() -> None:
    """Its player sends an offer and its candidates on the same socket, before or after."""
    offer = json.dumps({"type": "webrtc/offer", "value": "v=0\r\n" * 15_000})
    candidate = json.dumps({"type": "webrtc/candidate", "value": "candidate:1 1 udp 1"})
    async with speaking("go2rtc", TONED) as it, it.socket("/api/ws?src=cam") as stream:
        before = [candidate] * 30 + [offer]
        for said in (*before, '{"type":"mse","value":""}', *before):
            stream.say(said)
        told = []
        while (frame := await stream.frame()).opcode == TEXT:
            told.append(frame.json)
        assert [each["type"] for each in told] == ["error", "mse"]
        assert told[0]["value"].startswith("webrtc/offer: ")
        assert b"moov" in frame.payload
        frames = [await stream.frame() for _ in range(2 * COUNT)]
        assert [frame.json["type"] for frame in frames if frame.opcode == TEXT] == ["error"]
        assert {frame.opcode for frame in frames} == {TEXT, BINARY}


async def test_go2rtc_hears_only_so_many_wishes() -> None:
    async with speaking("go2rtc", TONED) as it, it.socket("/api/ws?src=cam") as stream:
        for _ in range(400):
            stream.say('{"type":"webrtc/candidate","value":""}')
        frame = await stream.frame()
        assert (frame.opcode, frame.code) == (CLOSE, 1008)
        assert b"too many messages" in frame.payload


async def test_go2rtc_without_a_name_means_the_first_channel() -> None:
    async with speaking("go2rtc", TONED) as it:
        assert await it.status("/api/ws?src=nobody") == 404
        async with it.socket("/api/ws") as stream:
            stream.say('{"type":"mse","value":""}')
            assert (await stream.frame()).json["type"] == "mse"


async def test_websocketlivestream_gets_binary_only_init_first() -> None:
    async with (
        speaking("websocketlivestream", TONED) as it,
        it.socket("/stream1") as idle,
        it.socket("/stream1") as stream,
    ):
        for each in (stream, idle):
            assert (await init(each)).count(b"trak") == 1
            await fragments(each, COUNT)


async def test_websocketlivestream_stops_and_starts_its_stream() -> None:
    async with speaking("websocketlivestream") as it, it.socket("/stream1") as stream:
        await init(stream)
        stream.say("startStream1")
        stream.say("stopStream2")
        await fragments(stream, COUNT)
        stream.say("stopStream1")
        [pump] = it.tv.pumps
        await until(lambda: not pump.viewers[0].live)
        sent = pump.sent
        async with it.socket("/stream1") as other:
            await init(other)
            await fragments(other, COUNT)
            assert pump.sent - sent >= COUNT
            stream.say("startStream1")
            before = [parse_fragment(await binary(stream)) for _ in range(COUNT)]
            assert any(fragment.sync for fragment in before)


async def test_websocketlivestream_has_as_many_streams_as_there_are_channels() -> None:
    sources = [f"{name}=pattern:?size=160x120&fps=15" for name in ("one", "two", "three")]
    async with speaking("websocketlivestream", *sources) as it:
        for number, name in enumerate(("one", "two", "three"), start=1):
            async with it.socket(f"/stream{number}") as stream:
                await init(stream)
                assert it.tv.edge.census.viewers(it.tv.channel(name)) == 1
            _, body = await it.answer(f"/stream{number}")
            assert f"Stream {number}: {name}".encode() in body
        _, index = await it.answer("/")
        assert [f"/stream{number}".encode() in index for number in (1, 2, 3, 4)] == [
            True, True, True, False,
        ]  # fmt: skip
        for missing in ("/stream4", "/stream0", "/streamx", "/stream"):
            assert await it.status(missing) == 404


async def test_a_late_joiner_begins_with_the_newest_keyframe(each: tuple[str, Speaking]) -> None:
    """And every fragment since then comes, in order, however fast."""
    name, it = each
    async with it.socket(ALL[name]) as stream:
        if name == "go2rtc":
            stream.say('{"type":"mse","value":""}')
        while (frame := await stream.frame()).opcode == TEXT or b"moov" not in frame.payload:
            pass
        await fragments(stream, COUNT)


@pytest.mark.parametrize(
    ("opcode", "payload", "code", "reason"),
    [
        (BINARY, b"\x00\x01", 1003, "only text"),
        (TEXT, b"x" * 140_000, 1009, "size"),
        (TEXT, b"\xff\xfe", 1007, "UTF-8"),
        (0x3, b"", 1002, "opcode"),
        (TEXT, b"rubbish", 1008, ""),
    ],
)
async def test_rubbish_ends_the_connection_with_the_right_code_and_one_line(
    each: tuple[str, Speaking],
    opcode: int,
    payload: bytes,
    code: int,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, it = each
    if name == "plain" and code == 1008:
        pytest.skip("it may say what it likes")
    lines: list[str] = []

    def note(level: str, event: str, fields: dict[str, object]) -> None:
        if event not in ("viewer joined", "viewer left"):
            lines.append(f"{event} {fields}")

    monkeypatch.setattr("televise.events._emit", note)
    async with it.socket(ALL[name]) as stream:
        if name != "go2rtc":
            await binary(stream)
        stream.send(opcode, payload)
        while (frame := await stream.frame()).opcode != CLOSE:
            assert frame.opcode == BINARY
        assert frame.code == code
        stream.send(CLOSE, frame.payload[:2])
        assert await stream.rest() == b"", "nothing comes after the close frame"
    await until(lambda: it.tv.watching == 0)
    assert len(lines) == 1, lines
    assert reason in lines[0]


async def test_a_request_without_upgrade_is_told_so(each: tuple[str, Speaking]) -> None:
    name, it = each
    expected = 200 if name == "websocketlivestream" else 426
    assert await it.status(ALL[name]) == expected
    assert await it.status(ALL[name], "HEAD") == expected
    assert await it.status(ALL[name], "POST") == 405


async def test_other_sites_may_not_listen_but_our_other_ports_may(
    each: tuple[str, Speaking],
) -> None:
    name, it = each
    for port in (it.port, it.tv.port):
        async with it.socket(ALL[name], {"Origin": f"http://127.0.0.1:{port}"}):
            pass
    for origin in ("http://evil.example", "http://127.0.0.1:1", f"http://localhost:{it.port}"):
        with pytest.raises(AssertionError, match="403"):
            async with it.socket(ALL[name], {"Origin": origin}):
                pass
    with pytest.raises(AssertionError, match="421"):
        async with it.socket(ALL[name], {"Host": "evil.example"}):
            pass
