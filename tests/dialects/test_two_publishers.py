"""jsmpeg_relay: one ffmpeg sends the pictures, another one the sound, and viewers get both."""

import asyncio
import contextlib
import io
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import av
import pytest

from televise.dialects import parse_dialect
from televise.formats.mpegts import MPEG1_AUDIO, Multiplexer, Unit
from televise.formats.transport_program import MAX_STRANGE_BYTES
from televise.ingest import shared
from televise.web.trust.keys import Keys
from tests.conftest import Needs
from tests.formats.ts_reader import packets
from tests.ingest.publishers import BLUE, SIZE, Hub, film, publishable
from tests.support.told import told
from tests.support.waiting import LIMIT_SECONDS, until
from tests.support.wire import Stream

# As the original's page says; and the clocks of the two are hours apart.
PLAIN = f"color=0x{bytes(BLUE).hex()}:s={SIZE[0]}x{SIZE[1]}:r=25"
PICTURES = ("-i", PLAIN, "-codec:v", "mpeg1video", "-bf", "0", "-output_ts_offset", "20000")
SOUND = ("-i", "sine=440", "-codec:a", "mp2", "-b:a", "128k")
VIDEO_ID, AUDIO_ID = 0xE0, 0xC0
ENOUGH = 20
# What comes together may lie so far apart, by the times that viewers get.
STEP_SECONDS = 1.0


class Relay:
    """A hub with the dialect, and ffmpegs that publish into it until they are ended."""

    def __init__(self, hub: Hub, stack: contextlib.ExitStack) -> None:
        self.hub = hub
        self.port = hub.tv.server.dialects[0].port
        self._stack = stack

    def url(self, token: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{token or self.hub.token()}"

    def publish(self, what: tuple[str, ...], token: str = "") -> "subprocess.Popen[bytes]":
        command = ["ffmpeg", "-v", "quiet", "-nostdin", "-re", "-f", "lavfi", *what, "-f", "mpegts"]
        process = self._stack.enter_context(subprocess.Popen([*command, self.url(token)]))
        self._stack.callback(process.kill)
        return process

    async def post(self, data: bytes | AsyncIterator[bytes], token: str = "") -> tuple[int, str]:
        async with self.hub.tv.session.post(self.url(token), data=data) as answer:
            return answer.status, await answer.text()

    async def has(self, *kinds: str) -> None:
        """Wait until the channel has these tracks."""
        channel = self.hub.tv.channel()
        await until(
            lambda: (
                channel.state == "live" and tuple(track.kind for track in channel.tracks) == kinds
            )
        )

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator["Player"]:
        """A client as jsmpeg is."""
        url = f"ws://127.0.0.1:{self.port}/"
        async with self.hub.tv.session.ws_connect(url, protocols=["null"]) as socket:
            player = Player()
            reading = asyncio.create_task(player.read(socket))
            try:
                yield player
                assert not reading.done(), "it was sent away"
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


class Player:
    """All that a viewer got; ``units`` are the kinds (stream_id) of PES packets."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.units: list[int] = []

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            assert message.type == aiohttp.WSMsgType.BINARY
            self.data += message.data
            starts = [each for each in packets(message.data) if each.start and each.pid & 0xF00]
            self.units += [each.payload[3] for each in starts if each.payload[:3] == b"\0\0\1"]

    async def gets(self, *kinds: int) -> bytes:
        """Wait for more of each of these; all that came from the first of them on."""
        begin, place = len(self.units), len(self.data)
        await until(lambda: all(self.units[begin:].count(kind) >= ENOUGH for kind in kinds))
        return bytes(self.data[place:])


@contextlib.asynccontextmanager
async def relaying(folder: Path) -> AsyncIterator[Relay]:
    async with publishable(folder, dialects=[parse_dialect("jsmpeg_relay@0")]) as hub:
        with contextlib.ExitStack() as stack:
            yield Relay(hub, stack)


def check_in_step(data: bytes) -> None:
    """Picture and sound can be decoded, and lie near each other where they came together."""
    newest: dict[str, float] = {}
    apart: list[float] = []
    decoded = {"video": 0, "audio": 0}
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        for packet in container.demux(video=0, audio=0):
            if packet.dts is not None:
                newest[packet.stream.type] = float(packet.dts * packet.time_base)
            if len(newest) == 2:
                apart.append(abs(newest["video"] - newest["audio"]))
            with contextlib.suppress(av.error.InvalidDataError):  # it begins in the middle
                decoded[packet.stream.type] += len(packet.decode())
    # It may begin just after a keyframe, of which every 12th picture is one.
    assert min(decoded.values()) >= ENOUGH // 4, decoded
    assert max(apart) < STEP_SECONDS, apart


@pytest.mark.parametrize("order", [(PICTURES, SOUND), (SOUND, PICTURES)], ids=["p-s", "s-p"])
async def test_one_sends_pictures_and_the_other_sound(
    order: tuple[tuple[str, ...], tuple[str, ...]], tmp_path: Path, needs: Needs
) -> None:
    needs("ffmpeg")
    async with relaying(tmp_path) as it, it.watching() as player:
        first = it.publish(order[0])
        await player.gets(VIDEO_ID if order[0] == PICTURES else AUDIO_ID)
        second = it.publish(order[1])
        await it.has("video", "audio")
        check_in_step(await player.gets(VIDEO_ID, AUDIO_ID))
        await it.hub.shows("blue")
        async with told(it.hub.tv.port, "/cam.mp4") as viewer:
            await viewer.gets(ENOUGH)
            for data in (film("ts"), b""):  # a third, whatever it sends
                status, text = await it.post(data)
                assert status == 409, text
            assert (await it.post(b"", "supersecret"))[0] == 403
            assert (await it.post(b"", it.hub.token("door")))[0] == 403
            await viewer.gets(ENOUGH)
            viewer.check_unbroken()
        await player.gets(VIDEO_ID, AUDIO_ID)
        assert (first.poll(), second.poll()) == (None, None)


@contextlib.asynccontextmanager
async def counting_pictures(hub: Hub) -> AsyncIterator[list[bytes]]:
    """Watch the JPEG pictures, to the end, which does not come."""
    found: list[bytes] = []

    async def read(stream: Stream) -> None:
        while True:
            found.append(await stream.reader.readuntil(b"\xff\xd9"))

    async with hub.tv.stream("/cam.mjpg") as stream:
        reading = asyncio.create_task(read(stream))
        try:
            yield found
            assert not reading.done(), "it was sent away"
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.parametrize("gone", [SOUND, PICTURES], ids=["sound", "pictures"])
async def test_one_is_killed_and_comes_back(
    gone: tuple[str, ...], tmp_path: Path, needs: Needs
) -> None:
    needs("ffmpeg")
    stays = PICTURES if gone == SOUND else SOUND
    async with relaying(tmp_path) as it, it.watching() as player:
        other, first = it.publish(stays), it.publish(gone)
        await it.has("video", "audio")
        async with (
            told(it.hub.tv.port, "/cam.mp4") as viewer,
            counting_pictures(it.hub) as pictures,
        ):
            await viewer.gets(ENOUGH)
            await until(lambda: pictures)
            first.kill()
            await it.has("video" if gone == SOUND else "audio")
            await player.gets(VIDEO_ID if gone == SOUND else AUDIO_ID)
            await viewer.gets(ENOUGH)
            it.publish(gone)
            await it.has("video", "audio")
            check_in_step(await player.gets(VIDEO_ID, AUDIO_ID))
            await viewer.gets(ENOUGH)
            assert viewer.closed == 0
            assert viewer.epochs == sorted(viewer.epochs)
            count = len(pictures)
            await until(lambda: len(pictures) > count + ENOUGH)
        await it.hub.shows("blue")
        assert other.poll() is None


async def test_rivals_are_refused_and_harm_nothing(tmp_path: Path, needs: Needs) -> None:
    """Pictures beside pictures, rubbish, and what only seems to be sound."""
    needs("ffmpeg")
    junk = Multiplexer([MPEG1_AUDIO], 0).mux(0, Unit(b"junk" * 99, 0, 0, keyframe=True))
    async with relaying(tmp_path) as it:
        first = it.publish(PICTURES)
        await it.has("video")
        held = it.hub.tv.channel().publisher
        async with told(it.hub.tv.port, "/cam.mp4") as viewer:
            await viewer.gets(ENOUGH)
            for data, expected, words in [
                (film("ts"), 409, "somebody sends pictures already: stop that"),
                (junk, 415, "its sound cannot be that: type 0x03"),
                (bytes(MAX_STRANGE_BYTES * 2), 415, "neither pictures nor sound of MPEG-TS"),
                (film("flv"), 415, "this is no MPEG-TS: it looks like FLV"),
                (b"", 415, "neither pictures nor sound of MPEG-TS"),
            ]:
                status, text = await it.post(data)
                assert (status, words in text) == (expected, True), text
            await viewer.gets(ENOUGH)
            viewer.check_unbroken()
        assert it.hub.tv.channel().publisher is held
        assert first.poll() is None


async def test_who_says_nothing_is_sent_away(
    tmp_path: Path, needs: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one can come in its place; and who publishes meanwhile is not touched."""
    needs("ffmpeg")
    monkeypatch.setattr(shared, "IDLE_SECONDS", 3.0)
    never = asyncio.Event()

    async def begun() -> AsyncIterator[bytes]:
        yield b"G"
        await never.wait()

    async with relaying(tmp_path) as it:
        first = it.publish(PICTURES)
        await it.has("video")
        status, text = await it.post(begun())
        assert (status, "it sent nothing for 3 s" in text) == (503, True), text
        it.publish(SOUND)
        await it.has("video", "audio")
        assert first.poll() is None


async def test_a_film_of_one_that_ends_is_played_and_its_sender_told(
    tmp_path: Path, needs: Needs
) -> None:
    needs("ffmpeg")
    data = film("ts")
    async with relaying(tmp_path) as it:
        assert await it.post(data) == (200, f'{{"received": {len(data)}}}')
        await it.hub.is_free()
        assert it.hub.tv.channel().was_live


async def test_who_publishes_otherwise_shares_nothing(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    async with relaying(tmp_path) as it:
        it.publish(PICTURES)
        await it.has("video")
        assert (await it.hub.send("/cam.ts", film("ts")))[0] == 409


async def test_the_end_of_a_key_is_that_of_one(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    async with relaying(tmp_path) as it:
        token = it.hub.token()
        pictures = it.publish(PICTURES, token)
        await it.has("video")
        sound = it.publish(SOUND)
        await it.has("video", "audio")
        Keys(tmp_path / "key").revoke(token)
        await it.has("audio")
        await asyncio.to_thread(pictures.wait, LIMIT_SECONDS)
        assert sound.poll() is None
        assert (await it.post(film("ts"), token))[0] == 403
