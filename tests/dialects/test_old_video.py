"""The dialects with MPEG-1 and GIF: MPEG-TS and jsmp over WebSocket, and a GIF without end."""

import pytest

from televise.formats import gif, mpeg1
from televise.formats.websocket import binary_frame
from televise.model.packet import Packet
from televise.model.track import Track
from televise.outputs.mpeg1 import BareMessages
from tests.dialects.speaking import binary, speaking
from tests.support.gif import is_whole, numbers, read_frame, read_header
from tests.support.wire import BINARY, CLOSE

TONED = "cam=pattern:?size=160x120&fps=15&tone=440"
COUNT = 30


async def test_jsmpeg_relay_sends_whole_packets_from_an_i_picture_on() -> None:
    async with speaking("jsmpeg_relay", TONED) as it, it.socket("/any/where") as stream:
        assert "sec-websocket-protocol" not in stream.headers
        messages = [await binary(stream) for _ in range(COUNT)]
    packets = [
        message[start : start + 188]
        for message in messages
        for start in range(0, len(message), 188)
    ]
    assert {len(packet) for packet in packets} == {188}
    assert {packet[0] for packet in packets} == {0x47}
    first = messages[0]
    assert first.index(b"\0\0\1\xe0") < first.index(mpeg1.SEQUENCE_CODE)
    # Those of the tables' PIDs, 0 and 0x1000, carry no PES packets.
    units = [packet for packet in packets if packet[1] & 0x40 and packet[1] & 0xF]
    assert {unit[unit.index(b"\0\0\1") + 3] for unit in units} == {0xE0, 0xC0}


async def test_jsmpeg_relay_grants_null_where_it_is_asked() -> None:
    asked = {"Sec-WebSocket-Protocol": "null"}
    async with speaking("jsmpeg_relay") as it, it.socket("/", asked) as stream:
        assert stream.headers["sec-websocket-protocol"] == "null"
        assert (await binary(stream))[0] == 0x47
    for other in ("televise.v1", "jsmpeg"):
        asked = {"Sec-WebSocket-Protocol": other}
        async with speaking("jsmpeg_relay") as it, it.socket("/", asked) as stream:
            assert "sec-websocket-protocol" not in stream.headers


async def test_pistreaming_sends_a_header_and_one_picture_per_message() -> None:
    async with speaking("pistreaming", TONED) as it, it.socket("/", port=it.ports[1]) as stream:
        assert await binary(stream) == b"jsmp" + bytes((0, 160, 0, 120))
        pictures = [await binary(stream) for _ in range(COUNT)]
    assert mpeg1.check_jsmp(pictures[0]), "it begins with a sequence header and an I picture"
    assert all(len(mpeg1.picture_types(picture)) == 1 for picture in pictures)


async def test_pistreamings_pages() -> None:
    async with speaking("pistreaming") as it:
        for method in ("GET", "HEAD"):
            head, body = await it.answer("/", method)
            assert head.startswith(b"HTTP/1.1 301 ")
            assert b"\r\nLocation: /index.html\r\n" in head
            head, body = await it.answer("/index.html", method)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert bool(body) == (method == "GET")
            assert await it.status("/nothing.here", method) == 404
        for method in ("POST", "PUT", "DELETE"):
            assert await it.status("/index.html", method) == 405


@pytest.mark.parametrize("dialect", ["jsmpeg_relay", "pistreaming"])
async def test_these_clients_have_nothing_to_say(dialect: str) -> None:
    async with speaking(dialect) as it, it.socket("/", port=it.ports[-1]) as stream:
        stream.say("hello")
        while (frame := await stream.frame()).opcode != CLOSE:
            assert frame.opcode == BINARY
        assert frame.code == 1008


def test_a_jsmp_viewer_keeps_its_size() -> None:
    def track(width: int) -> Track:
        return Track("video", "mpeg1video", 90_000, width=width, height=120)

    packet = Packet(0, 1, 0, b"", 0, 0, 1, True, 0, 0.0)
    first = BareMessages(1, (track(160),)).mux(packet)
    assert first.init == binary_frame(b"jsmp" + bytes((0, 160, 0, 120)))
    assert first.data == b"", "what is no picture is not sent"
    assert BareMessages(2, (track(160),)).mux(packet).init is first.init
    assert BareMessages(3, (track(320),)).mux(packet).init != first.init
    assert BareMessages.one_init, "so the pump sends it away"


async def test_gifstreaming_is_one_gif_without_end() -> None:
    async with speaking("gifstreaming") as it, it.stream("/what/ever.gif?w=480") as stream:
        assert stream.headers["content-type"] == "image/gif"
        assert "content-length" not in stream.headers
        assert await read_header(stream) == gif.header(480, 360)
        frames = [await read_frame(stream) for _ in range(20)]
    size = (480).to_bytes(2, "little") + (360).to_bytes(2, "little")
    assert frames[0].startswith(bytes.fromhex("21f9040402000000 2c00000000") + size + b"\x87")
    assert {data[:3] + data[4:6] for data in frames} == {bytes.fromhex("21f904 0200")}


async def test_gifstreaming_sends_the_past_where_it_is_asked_for() -> None:
    async with (
        speaking("gifstreaming", "cam=pattern:?size=160x120&fps=30") as it,
        it.stream("/?w=160&fps=30") as early,
    ):
        header = await read_header(early)
        known = numbers(header + b"".join([await read_frame(early) for _ in range(100)]))
        async with it.stream("/?w=160&fps=30&burst=10s") as late:
            assert await read_header(late) == header
            first = await read_frame(late)
    assert is_whole(header, first)
    assert numbers(header + first)[0] == known[0], "all that is there"


@pytest.mark.parametrize("query", ["fps=41", "burst=11s", "max_latency=5s", "colors=1", "w=15"])
async def test_gifstreaming_says_what_it_cannot_do(query: str) -> None:
    async with speaking("gifstreaming") as it:
        head, body = await it.answer(f"/any?{query}")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert body.startswith(query.partition("=")[0].encode())
        assert body.count(b"\n") == 1
