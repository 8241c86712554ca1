"""What a fan-out process makes of a hub that answers this or that, on a real Unix socket."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from televise.errors import FormatError, PeerError, Unavailable
from televise.fanout.main_hub import MainHub
from televise.fanout.main_link import MAX_HEAD_BYTES, MainLink
from televise.formats.websocket import (
    BINARY,
    PING,
    PONG,
    TRY_LATER,
    binary_frame,
    close_frame,
    masked_frame,
)
from televise.hub.hub import Hub
from televise.link.messages import Hello, Keyframe, Message, Note
from televise.link.protocol import VERSION, Receiver, encode
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
HELLO = binary_frame(encode(Hello(VERSION)))
NOTES = [Note(number, "{}") for number in range(3)]
SAID = HEAD + HELLO + b"".join(binary_frame(encode(note)) for note in NOTES)


class Server:
    """Says ``answer`` and hears what comes."""

    def __init__(self, answer: bytes, pieces: int, ends: bool) -> None:
        self._answer, self._pieces, self._ends = answer, pieces, ends
        self.asked, self.heard = b"", bytearray()
        self.over = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await self._talk(reader, writer)
        finally:
            writer.close()
            self.over.set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked = await reader.readuntil(b"\r\n\r\n")
        for start in range(0, len(self._answer), self._pieces):
            writer.write(self._answer[start : start + self._pieces])
            await writer.drain()
        if self._ends:
            writer.write_eof()
        while data := await reader.read(1000):
            self.heard += data


@asynccontextmanager
async def serving(
    folder: Path, answer: bytes, *, pieces: int = 1 << 20, ends: bool = False, name: str = "hub"
) -> AsyncIterator[tuple[Path, Server]]:
    server, path = Server(answer, pieces, ends), folder / name
    listening = await asyncio.start_unix_server(server.talk, path)
    async with listening:
        yield path, server
        await server.over.wait()


def until_third(found: list[Message]) -> Callable[[Message], bool]:
    def take(message: Message) -> bool:
        found.append(message)
        return message == NOTES[-1]

    return take


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
async def test_it_takes_until_that_is_enough(tmp_path: Path, pieces: int) -> None:
    found: list[Message] = []
    async with serving(tmp_path, SAID + SAID, pieces=pieces) as (path, server):
        await MainLink("hub:8080", "/api/link/cam?node=a", until_third(found)).run(path)
        assert found == [Hello(VERSION), *NOTES]
    assert server.asked.startswith(b"GET /api/link/cam?node=a HTTP/1.1\r\nHost: hub:8080\r\n")


async def test_it_says_what_is_wanted_and_answers_pings(tmp_path: Path) -> None:
    found: list[Message] = []
    async with serving(tmp_path, HEAD + HELLO + b"\x89\x02hi") as (path, server):
        link = MainLink("hub:8080", "/", until_third(found))
        running = asyncio.create_task(link.run(path))
        hello, pong, keyframe = encode(Hello(VERSION)), b"hi", encode(Keyframe(1))
        lengths = [len(each) + 6 for each in (hello, pong, keyframe)]
        await until(lambda: len(server.heard) == sum(lengths[:2]))
        await link.want_keyframe()
        await until(lambda: len(server.heard) == sum(lengths))
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
    heard, said = bytes(server.heard), []
    for length in lengths:
        frame, heard = heard[:length], heard[length:]
        opcode, mask = frame[0] & 0x0F, frame[2:6]
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(frame[6:]))
        assert masked_frame(opcode, payload, mask) == frame
        said.append((opcode, payload))
    assert said == [(BINARY, hello), (PONG, pong), (BINARY, keyframe)]
    messages = Receiver("consumer")
    assert list(messages.feed(said[0][1] + said[2][1])) == [Hello(VERSION), Keyframe(1)]
    await link.want_keyframe()  # nobody is there any more


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", PeerError, "it answers 404"),
        (b"\r\n\r\n", PeerError, "it answers"),
        (bytes(MAX_HEAD_BYTES + 1), FormatError, "no head of an answer"),
        (HEAD + close_frame(TRY_LATER, "too many"), Unavailable, "too many"),
        (HEAD + close_frame(1001, "bye"), PeerError, "bye"),
        (HEAD + b"\x88\x00", PeerError, "it has closed the connection"),
        (HEAD + masked_frame(PING, b"", bytes(4)), FormatError, "a masked frame"),
        (HEAD + binary_frame(encode(Keyframe(1))), PeerError, "Keyframe is not allowed here"),
    ],
)
async def test_why_it_ends(
    tmp_path: Path, answer: bytes, kind: type[Exception], reason: str
) -> None:
    async with serving(tmp_path, answer) as (path, _):
        with pytest.raises(kind, match=reason) as caught:
            await MainLink("hub:8080", "/", lambda message: False).run(path)
    assert type(caught.value) is kind or kind is PeerError


async def test_a_hub_that_goes_is_no_end_of_the_stream(tmp_path: Path) -> None:
    async with serving(tmp_path, HEAD + HELLO, ends=True) as (path, _):
        with pytest.raises(PeerError, match="it has closed the connection"):
            await MainLink("hub:8080", "/", lambda message: False).run(path)
    with pytest.raises(FileNotFoundError):
        await MainLink("hub:8080", "/", lambda message: False).run(tmp_path / "nobody")


async def test_what_cannot_be_taken_is_told(tmp_path: Path) -> None:
    def take(message: Message) -> bool:
        raise ZeroDivisionError("a bug of ours")

    async with serving(tmp_path, SAID) as (path, _):
        with pytest.raises(ZeroDivisionError):
            await MainLink("hub:8080", "/", take).run(path)


async def test_who_carries_the_same_twice_tells_them_apart(tmp_path: Path) -> None:
    """As where a channel has gone and come again before its old link has ended."""
    hello, keyframe = (len(encode(each)) + 6 for each in (Hello(VERSION), Keyframe(1)))
    async with (
        serving(tmp_path, HEAD + HELLO, name="1") as (_, server),
        aiohttp.ClientSession() as session,
    ):
        main, wanted = MainHub(Hub(), 1, tmp_path, session), Rendition("mjpeg")
        first, second = (
            asyncio.create_task(main.carry(session, "cam", wanted, lambda message: False))
            for _ in range(2)
        )
        await until(lambda: len(server.heard) == 2 * hello)
        first.cancel()
        await asyncio.wait([first])
        await main.want_keyframe("cam", wanted)
        await until(lambda: len(server.heard) == 2 * hello + keyframe)
        second.cancel()
        await asyncio.wait([second])
    assert first.cancelled()
    assert second.cancelled()


async def test_two_announcements_at_once_end_a_channel_once(tmp_path: Path) -> None:
    hub, problems = Hub([parse_source("cam=publish:")]), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))
    async with aiohttp.ClientSession() as session:
        main = MainHub(hub, 1, tmp_path, session)
        for _ in range(2):
            main.announce('{"node": "main", "channels": []}')
        await until(lambda: not main._removing)
    gc.collect()
    assert hub.channels == []
    assert problems == []
