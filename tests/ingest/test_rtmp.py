"""RTMP publishers as they are: ffmpeg, PyAV's FFmpeg, what OBS sends; and hostile ones."""

import asyncio
import contextlib
import io
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import av
import pytest

from televise.errors import Busy, InputError, UnknownChannel
from televise.formats import amf, flv
from televise.formats.rtmp_chunk import COMMAND, VIDEO, ChunkReader, Message
from televise.ingest import rtmp_publisher
from televise.ingest.rtmp import RtmpServer
from tests.conftest import Needs
from tests.formats.rtmp_publisher import (
    HANDSHAKE,
    ChunkWriter,
    flv_tags,
    opening,
    playing,
    publish,
)
from tests.formats.witness import ffmpeg, ffprobe, golden
from tests.support.waiting import until
from tests.support.wire import connect

LIMIT_SECONDS = 40.0
Clip = Callable[[str], Path]


class Hold:
    """What a publisher has: a seat that keeps everything."""

    def __init__(self, name: str, token: str, address: str, format: str) -> None:
        self.asked = name, token, address, format
        self.data = bytearray()
        self.closes = 0
        self.writable = asyncio.Event()
        self.writable.set()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def write(self, data: bytes) -> None:
        assert not self.closes, "written to after it was closed"
        self.data += data

    def close(self) -> None:
        self.closes += 1


class Serving:
    """A server, and the holds of all publishers so far; two names are refused."""

    def __init__(self, max_connections: int) -> None:
        self.server = RtmpServer(self._take, max_connections)
        self.holds: list[Hold] = []
        self.port = 0

    def _take(self, name: str, token: str, address: str, format: str) -> Hold:
        if name == "nobody":
            raise UnknownChannel("there is no channel nobody: there is cam")
        if any(hold.asked[0] == name and not hold.closes for hold in self.holds):
            raise Busy(f"somebody publishes {name} already")
        self.holds.append(Hold(name, token, address, format))
        return self.holds[-1]

    def url(self, key: str = "cam") -> str:
        return f"rtmp://127.0.0.1:{self.port}/live/{key}"

    async def hold(self) -> Hold:
        """The newest publisher's."""
        return (await until(lambda: self.holds))[-1]

    async def empty(self) -> None:
        await until(lambda: not self.server.connections)


@contextlib.asynccontextmanager
async def serving(max_connections: int = 20) -> AsyncIterator[Serving]:
    running = Serving(max_connections)
    running.port = await running.server.start("127.0.0.1", 0)
    try:
        yield running
    finally:
        await running.server.stop()
        assert not running.server.connections


@contextlib.asynccontextmanager
async def client(
    running: Serving,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection."""
    reader, writer = await connect(running.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answers(reader: asyncio.StreamReader) -> list[list[amf.Value]]:
    """All commands that the server sends until it ends the connection."""
    async with asyncio.timeout(LIMIT_SECONDS):
        await reader.readexactly(len(HANDSHAKE))
    async with asyncio.timeout(LIMIT_SECONDS):
        data = await reader.read(-1)
    messages = ChunkReader().feed(data)
    return [amf.decode(message.data) for message in messages if message.type == COMMAND]


async def told(reader: asyncio.StreamReader) -> dict[str, amf.Value]:
    """What the last of them says."""
    last = (await answers(reader))[-1][-1]
    assert isinstance(last, dict)
    return last


async def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A program that is to end by itself."""
    return await asyncio.to_thread(
        subprocess.run,
        command,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


async def publish_file(film: Path, url: str, *options: str) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", *options, "-i", str(film), "-c", "copy"]
    ended = await run(*command, "-flvflags", "no_duration_filesize", "-f", "flv", url)
    assert (ended.returncode, ended.stderr) == (0, "")


def frames(film: bytes) -> dict[str, int]:
    """How many frames there are by codec, once ffmpeg has decoded them all without complaint."""
    ffmpeg(film, "-f", "flv", "-i", "-", "-f", "null", "-")
    show = ("-f", "flv", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames")
    streams = ffprobe(film, *show)["streams"]
    return {stream["codec_name"]: int(stream["nb_read_frames"]) for stream in streams}


@pytest.fixture
def ffmpegs(needs: Needs) -> None:
    needs("ffmpeg")
    needs("ffprobe")


# Real publishers.


@pytest.mark.usefixtures("ffmpegs")
async def test_ffmpeg_publishes_every_frame(clip: Clip) -> None:
    film = clip("bigbuckbunny.mp4")
    async with serving() as running:
        await publish_file(film, running.url("cam?token=abc"))
        hold = await running.hold()
        await running.empty()
        assert hold.asked == ("cam", "abc", "127.0.0.1", "flv")
        assert hold.closes == 1
        assert await asyncio.to_thread(frames, bytes(hold.data)) == {"h264": 132, "aac": 249}


@pytest.mark.usefixtures("ffmpegs")
async def test_the_media_of_ffmpeg_is_not_changed(clip: Clip) -> None:
    """The tags are those of a file that ffmpeg writes itself."""
    film = clip("bigbuckbunny.mp4")
    options = ("-i", str(film), "-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv", "-")
    expected = [tag for tag in flv_tags(ffmpeg(b"", *options)) if tag[0] != 18]
    async with serving() as running:
        await publish_file(film, running.url())
        hold = await running.hold()
        await running.empty()
        assert [tag for tag in flv_tags(bytes(hold.data)) if tag[0] != 18] == expected


@pytest.mark.usefixtures("ffmpegs")
async def test_ffmpegs_time_stamps_outgrow_24_bits(clip: Clip) -> None:
    """From then on each of its chunks has the long one."""
    async with serving() as running:
        film = clip("bigbuckbunny.mp4")
        await publish_file(film, running.url(), "-itsoffset", "16775")
        hold = await running.hold()
        await running.empty()
    data = bytes(hold.data)
    times = [time for kind, time, _ in flv_tags(data) if kind == VIDEO]
    del times[0]  # its sequence header has none
    assert times[0] < 0xFFFFFF < times[-1]
    assert max(later - earlier for earlier, later in pairwise(times)) <= 41
    assert (await asyncio.to_thread(frames, data))["h264"] == 132


@pytest.mark.usefixtures("ffmpegs")
async def test_time_stamps_begin_again_after_32_bits(clip: Clip) -> None:
    film = clip("bigbuckbunny.mp4")
    options = ("-i", str(film), "-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv", "-")
    tags = [tag for tag in flv_tags(ffmpeg(b"", *options)) if tag[0] != 18]
    writer = ChunkWriter()
    shifted = [((time + 0xFFFFF800) % (1 << 32), kind, body) for kind, time, body in tags]
    media = b"".join(writer.write(Message(kind, 1, time, body), 4) for time, kind, body in shifted)
    async with serving() as running, client(running) as (_, stream):
        stream.write(opening() + media)
        stream.write_eof()
        hold = await running.hold()
        await running.empty()
    show = ("-f", "flv", "-select_streams", "v", "-show_entries", "packet=dts")
    packets = (await asyncio.to_thread(ffprobe, bytes(hold.data), *show))["packets"]
    times = [packet["dts"] for packet in packets]
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 132
    assert 0 < min(steps) <= max(steps) <= 41
    assert min(time for time, _, _ in shifted) < 0x800, "it did begin again"


async def test_pyav_publishes_hevc() -> None:
    """Enhanced RTMP: the codec is a fourCC."""
    async with serving() as running:
        ended = await run(sys.executable, "-c", PUBLISH_HEVC, running.url())
        assert ended.returncode == 0, ended.stderr
        hold = await running.hold()
        await running.empty()
    with av.open(io.BytesIO(bytes(hold.data)), "r", format="flv") as container:
        (video,) = container.streams.video
        assert video.codec_context.name == "hevc"
        assert len(list(container.decode(video))) == 10


# PyAV keeps the interpreter to itself while it connects.
PUBLISH_HEVC = """
import sys
import av

with av.open(sys.argv[1], "w", format="flv", options={"rtmp_enhanced_codecs": "hvc1"}) as container:
    stream = container.add_stream("libx265", rate=25)
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    stream.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
    for number in range(10):
        container.mux(stream.encode(av.VideoFrame(128, 96, "yuv420p")))
    container.mux(stream.encode(None))
"""


@pytest.mark.parametrize("name", ["rtmp_obs", "rtmp_librtmp"])
async def test_what_obs_sends(name: str) -> None:
    async with serving() as running, client(running) as (reader, writer):
        writer.write(golden(name))
        writer.write_eof()
        codes = [values[-1] for values in await answers(reader)]
        hold = await running.hold()
        await running.empty()
    assert len([tag for tag in flv_tags(bytes(hold.data)) if tag[0] == VIDEO]) >= 5
    assert (hold.closes, hold.asked[:2]) == (1, ("cam", "abc"))
    assert [each["code"] for each in codes if isinstance(each, dict)] == [
        "NetConnection.Connect.Success",
        "NetStream.Publish.Start",
        "NetStream.Unpublish.Success",
    ]


async def test_one_with_many_messages_lets_others_have_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtmp_publisher, "MESSAGES_A_TURN", 10)
    loop, turns = asyncio.get_running_loop(), 0
    written: list[int] = []

    def count() -> None:
        nonlocal turns
        turns += 1
        if len(written) < 300:
            loop.call_soon(count)

    async with serving() as running, client(running) as (_, writer):
        writer.write(opening())
        hold = await running.hold()
        monkeypatch.setattr(hold, "write", lambda data: written.append(turns))
        count()
        tiny = ChunkWriter()
        writer.write(b"".join(tiny.write(Message(VIDEO, 1, 0, b"x"), 4) for _ in range(300)))
        await until(lambda: len(written) == 300)
    assert max(map(written.count, written)) <= 10


# Those that are not let in, and those that are sent away.


@pytest.mark.usefixtures("ffmpegs")
async def test_a_second_ffmpeg_is_told_that_there_is_one(clip: Clip) -> None:
    async with serving() as running, client(running) as (_, writer):
        writer.write(opening("cam"))
        first = await running.hold()
        film = str(clip("bikes.mp4"))
        ended = await run(*f"ffmpeg -v error -i {film} -c copy -f flv {running.url()}".split())
        assert ended.returncode
        assert "Server error: somebody publishes cam already" in ended.stderr
        assert running.holds == [first]
        assert not first.closes


async def test_a_refusal_is_the_last_that_is_sent() -> None:
    async with serving() as running, client(running) as (reader, writer):
        writer.write(opening("nobody"))
        answer = await told(reader)
        assert (answer["level"], answer["code"]) == ("error", "NetStream.Publish.BadName")
        assert answer["description"] == "there is no channel nobody: there is cam"
        # What it still sends does not disturb the end.
        writer.write(bytes(1000))
        writer.write_eof()
        await running.empty()
        assert running.holds == []


@pytest.mark.parametrize(
    ("sent", "channel", "reason"),
    [
        (opening("nobody"), "nobody", "there is no channel nobody: there is cam"),
        (
            opening("cam", "video"),
            "",
            "no application 'video': publish to rtmp://HOST/live/NAME",
        ),
        (
            playing("cam?token=x"),
            "cam",
            "RTMP is for publishing only: watch http://HOST:8080/cam",
        ),
    ],
    ids=["no channel", "no application", "playing"],
)
async def test_every_refusal_is_in_the_log(
    sent: bytes, channel: str, reason: str, refusals: list[tuple[str, str, str]]
) -> None:
    async with serving() as running, client(running) as (reader, writer):
        writer.write(sent)
        await told(reader)
        assert refusals == [(channel, "127.0.0.1", reason)]


@pytest.mark.usefixtures("ffmpegs")
async def test_an_ffmpeg_that_is_sent_away_is_told_why(clip: Clip) -> None:
    film = str(clip("bigbuckbunny.mp4"))
    async with serving() as running:
        source = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", film, "-c", "copy"]
        ending = asyncio.create_task(run(*source, "-f", "flv", running.url()))
        hold = await running.hold()
        await until(lambda: len(hold.data) > 50_000)
        hold.closed.set_result("another publisher has taken over")
        ended = await ending
        assert ended.returncode
        assert "Server error: another publisher has taken over" in ended.stderr
        assert hold.closes == 1


async def test_one_that_does_not_go_is_put_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmp_publisher, "START_SECONDS", 0.1)
    async with serving() as running, client(running) as (reader, writer):
        writer.write(opening())
        (await running.hold()).closed.set_result("go")
        assert (await told(reader))["code"] == "NetStream.Failed"
        await running.empty()


async def test_one_that_says_nothing_is_put_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr("televise.events.info", lambda event, **fields: said.append(event))
    monkeypatch.setattr(rtmp_publisher, "START_SECONDS", 0.1)
    async with serving() as running, client(running) as (_, writer):
        await until(lambda: running.server.connections)
        writer.write(HANDSHAKE[:100])
        await running.empty()
    assert said == ["RTMP connection timed out"]


async def test_a_publisher_that_falls_silent_is_put_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmp_publisher, "IDLE_SECONDS", 0.3)
    async with serving() as running, client(running) as (_, writer):
        writer.write(opening())
        hold = await running.hold()
        await running.empty()
        assert hold.closes == 1


async def test_one_that_waits_for_us_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmp_publisher, "IDLE_SECONDS", 0.05)
    writer_of_chunks = ChunkWriter()
    picture = writer_of_chunks.write(Message(VIDEO, 1, 0, bytes(1000)), 4)
    async with serving() as running, client(running) as (_, writer):
        writer.write(opening())
        hold = await running.hold()
        hold.writable.clear()
        writer.write(picture)
        await until(lambda: len(hold.data) > 1000)
        (publisher,) = running.server.connections
        timers = {publisher._timer}
        while len(timers) < 4:  # each time that it was looked at
            timers.add(publisher._timer)
            await asyncio.sleep(0)
        assert running.server.connections == {publisher}
        hold.writable.set()
        await running.empty()
        assert hold.closes == 1


# Faults.


async def test_a_worker_that_is_behind_is_waited_for() -> None:
    writer_of_chunks = ChunkWriter()
    picture = Message(VIDEO, 1, 0, bytes(100_000))
    pictures = [writer_of_chunks.write(picture, 4) for _ in range(60)]
    async with serving() as running, client(running) as (_, writer):
        writer.write(opening())
        hold = await running.hold()
        hold.writable.clear()
        writer.writelines(pictures)
        await until(lambda: len(hold.data) > 100_000)
        (publisher,) = running.server.connections
        assert not publisher._transport.is_reading()
        stopped_at = len(hold.data)
        assert stopped_at < 1_000_000
        hold.writable.set()
        await until(lambda: sum(1 for _ in flv_tags(bytes(hold.data))) == len(pictures))


async def test_a_publisher_may_go_while_it_waits() -> None:
    chunks = ChunkWriter().write(Message(VIDEO, 1, 0, bytes(1000)), 4)
    async with serving() as running:
        async with client(running) as (_, writer):
            writer.write(opening())
            hold = await running.hold()
            hold.writable.clear()
            writer.write(chunks)
            await until(lambda: len(hold.data) > 1000)
            hold.closed.set_result("go")
        await running.empty()
        assert hold.closes == 1


async def test_who_does_not_read_answers_is_not_read() -> None:
    ping = ChunkWriter().write(Message(4, 0, 0, b"\0\6time"), 2)
    async with serving() as running:
        reader, writer = await connect(running.port, receive_buffer=4096)
        writer.write(opening())
        await running.hold()
        (publisher,) = running.server.connections
        for _ in range(10_000):
            writer.write(ping * 1000)
            await asyncio.sleep(0)
            if not publisher._transport.is_reading():
                break
        assert not publisher._transport.is_reading()
        assert publisher._transport.get_write_buffer_size() < 1 << 20
        receiving = asyncio.create_task(reader.read(-1))
        await until(publisher._transport.is_reading)
        writer.transport.abort()
        await receiving
        await running.empty()


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "begins with 71"),
        (HANDSHAKE + b"\xc3", "begins without a message header"),
        (opening() + b"\x04" + b"\xff" * 15, "the limit is"),
        (opening() + ChunkWriter().write(publish("door"), 4), "publish while publishing"),
    ],
)
async def test_what_breaks_the_rules_ends_that_connection_only(
    wire: bytes, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[dict[str, object]] = []
    monkeypatch.setattr("televise.events.warning", lambda _, **fields: warned.append(fields))
    async with serving() as running, client(running) as (_, writer):
        writer.write(opening("other"))
        other = await running.hold()
        async with client(running) as (reader, hostile):
            hostile.write(wire)
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(LIMIT_SECONDS):
                    await reader.read(-1)
        await until(lambda: len(running.server.connections) == 1)
        picture = ChunkWriter().write(Message(VIDEO, 1, 0, b"picture"), 4)
        writer.write(picture)
        await until(lambda: other.data.endswith(flv.tag(VIDEO, 0, b"picture")))
        assert not other.closes
        assert all(hold.closes == 1 for hold in running.holds[1:])
    (fields,) = warned
    assert text in str(fields["error"])
    assert fields["address"] == "127.0.0.1"


async def test_how_many_connections_there_may_be() -> None:
    """From one address half of them."""
    async with serving(max_connections=4) as running, contextlib.AsyncExitStack() as stack:
        inside = [await stack.enter_async_context(client(running)) for _ in range(2)]
        await until(lambda: len(running.server.connections) == 2)
        reader, _ = await stack.enter_async_context(client(running))
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(LIMIT_SECONDS):
                assert await reader.read(-1) == b""
        inside[0][1].transport.abort()
        await until(lambda: len(running.server.connections) == 1)
        _, writer = await stack.enter_async_context(client(running))
        writer.write(opening())
        await running.hold()


async def test_a_port_in_use_is_said() -> None:
    async with serving() as running:
        with pytest.raises(InputError, match=f"port {running.port} is in use"):
            await RtmpServer(Hold).start("127.0.0.1", running.port)


async def test_publishers_are_gone_when_it_has_stopped() -> None:
    async with serving() as running, client(running) as (_, writer):
        writer.write(opening())
        hold = await running.hold()
        await running.server.stop()
        assert hold.closes == 1
        assert not running.server.connections
