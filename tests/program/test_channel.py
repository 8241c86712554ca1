"""A program's pictures and sound, seen by viewers of its own hub."""

import asyncio
import contextlib
import io
import json
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

import aiohttp
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

import televise
from televise import Channel, Click, Key, Server
from televise.errors import InputError, Unavailable
from televise.program.arguments import check_host
from tests.conftest import Needs
from tests.program.test_picture import image_file
from tests.support.process import environment
from tests.support.waiting import until, wait_until

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 20), (20, 20, 220)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        with Server(port=0) as made:
            yield made


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """One for all tests, without the channels of those before."""
    yield running
    for channel in running.channels:
        channel.close()


def plain(colour: tuple[int, int, int], width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


def look(channel: Channel) -> PIL.Image.Image:
    """The newest picture, as a browser gets it."""
    with urlopen(f"{channel.url}.jpg", timeout=20) as answer:
        return PIL.Image.open(io.BytesIO(answer.read()))


def is_like(image: PIL.Image.Image, colour: tuple[int, int, int]) -> bool:
    pixels = np.asarray(image.convert("RGB"))[4:-4, 4:-4].reshape(-1, 3).astype(int)
    return bool(np.abs(pixels - colour).max() < 12)


@contextlib.asynccontextmanager
async def socket_of(channel: Channel, path: str = ".mjpg") -> AsyncIterator[Any]:
    """A viewer that speaks ``televise.v1``."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{channel.url}{path}", protocols=("televise.v1",)) as socket,
    ):
        yield socket


async def text(socket: Any, kind: str) -> Any:
    """The next text of that type."""
    async with asyncio.timeout(20):
        async for message in socket:
            told = json.loads(message.data) if message.type == aiohttp.WSMsgType.TEXT else {}
            if told.get("type") == kind:
                return told
    raise AssertionError("the stream has ended")


PICTURES = {
    "rgb": plain(RED),
    "an odd size": plain(RED, 63, 47),
    "not in one piece": np.asfortranarray(plain(RED)),
    "with alpha": np.dstack([plain(RED), np.full((48, 64), 255, np.uint8)]),
    "an image": PIL.Image.new("RGB", (64, 48), RED),
    "a small one": plain(RED, 16, 16),
}


@pytest.mark.parametrize("what", PICTURES)
def test_what_is_shown_is_seen(server: Server, what: str) -> None:
    channel = server.channel("cam")
    assert channel.show(PICTURES[what]) == 0
    assert is_like(look(channel), RED)


def test_the_order_of_colours(server: Server) -> None:
    channel = server.channel("cam", colors="bgr")
    channel.show(plain(BLUE))
    assert is_like(look(channel), RED)
    channel.show(plain(BLUE), colors="rgb")
    wait_until(lambda: is_like(look(channel), BLUE))
    with pytest.raises(InputError, match="colors='hsv': \"rgb\""):
        channel.show(plain(RED), colors="hsv")  # type: ignore[arg-type]


def test_grey_is_as_bright_as_it_was(server: Server) -> None:
    channel = server.channel("cam")
    for level in (5, 128, 250):
        channel.show(np.full((48, 64), level, np.uint8))
        wait_until(lambda level=level: is_like(look(channel), (level, level, level)))  # type: ignore[misc]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_files_are_seen(server: Server, format: str) -> None:
    channel = server.channel("cam")
    data = image_file(format)
    channel.show(data)
    with urlopen(f"{channel.url}.jpg", timeout=20) as answer:
        seen = answer.read()
    assert (seen == data) == (format == "JPEG"), "JPEG passes through untouched"
    assert is_like(PIL.Image.open(io.BytesIO(seen)), (200, 30, 60))
    with urlopen(f"{channel.url}.mp4", timeout=20) as answer:
        assert answer.read(8)[4:] == b"ftyp"


def test_a_broken_file_is_no_end(server: Server) -> None:
    channel = server.channel("cam")
    data = image_file("PNG")
    at = data.index(b"IDAT") + 6
    with urlopen(f"{channel.url}.mjpg", timeout=20) as viewer:
        wait_until(lambda: channel.watched)
        channel.show(data[:at] + b"\xff" * 10 + data[at + 10 :])
        wait_until(lambda: "the PNG is damaged" in state(channel)["text"])
        channel.show(data)
        assert viewer.read(100)
    assert state(channel)["state"] == "live"


def state(channel: Channel) -> Any:
    host, _, name = channel.url.rpartition("/")
    with urlopen(f"{host}/api/channels/{name}", timeout=20) as answer:
        return json.load(answer)


def test_who_comes_late_sees_the_last_picture(server: Server) -> None:
    """It was shown once, long before; what was shown before that is never seen again."""
    channel = server.channel("cam")
    channel.show(plain(RED))
    assert is_like(look(channel), RED)
    wait_until(lambda: not channel.watched)
    channel.show(plain(GREEN))
    channel.show(plain(BLUE))
    assert not channel.watched
    for _ in range(2):
        assert is_like(look(channel), BLUE)


@pytest.mark.parametrize("wrong", [np.float32, np.int8, np.bool_])
def test_what_nobody_sees_must_be_right_too(server: Server, wrong: Any) -> None:
    channel = server.channel("cam")
    assert [channel.show(plain(RED)), channel.show(plain(GREEN))] == [0, 1]
    with pytest.raises(InputError, match="uint8"):
        channel.show(plain(GREEN).astype(wrong))
    with pytest.raises(InputError, match="colors='hsv'"):
        channel.show(plain(GREEN), colors="hsv")  # type: ignore[arg-type]
    assert not channel.watched
    assert channel.show(plain(GREEN), colors="bgr") == 2
    assert channel.show(plain(BLUE), colors="bgr") == 3, "what was wrong has no number"
    assert is_like(look(channel), RED)


def test_the_file_of_an_image_may_be_closed(server: Server, tmp_path: Path) -> None:
    channel = server.channel("cam")
    for colour in (RED, GREEN, BLUE):
        PIL.Image.fromarray(plain(colour)).save(tmp_path / "picture.png")
        with PIL.Image.open(tmp_path / "picture.png") as image:
            channel.show(image)
    assert is_like(look(channel), BLUE)


def test_a_picture_that_has_gone_is_said(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    channel, image = server.channel("cam"), PIL.Image.new("RGB", (64, 48), RED)
    channel.show(plain(GREEN))
    channel.show(image)
    image.close()
    with urlopen(f"{channel.url}.mjpg", timeout=20):
        wait_until(lambda: state(channel)["state"] == "offline")
        text = "picture 1 cannot be shown: the Image cannot be read: Operation on closed image"
        assert state(channel)["text"] == text
        with pytest.raises(InputError, match="Operation on closed image"):
            channel.show(image)
        channel.show(plain(BLUE))
        wait_until(lambda: is_like(look(channel), BLUE))
        assert state(channel)["state"] == "live"
    assert [record.getMessage() for record in caplog.records] == [f"televise: cam: {text}"]


def test_kinds_and_sizes_may_change_under_a_viewer(server: Server) -> None:
    channel = server.channel("cam")
    with urlopen(f"{channel.url}.mjpg", timeout=20):
        wait_until(lambda: channel.watched)
        for frame in (plain(RED), plain(RED, 1280, 720), PIL.Image.new("L", (50, 50), 20)):
            channel.show(frame)
        channel.show(image_file("JPEG"))
        wait_until(lambda: is_like(look(channel), (200, 30, 60)))
        channel.show(plain(GREEN, 320, 200))
        wait_until(lambda: look(channel).size == (320, 200))
        assert is_like(look(channel), GREEN)


async def test_pictures_go_on_while_they_stay_the_same(server: Server) -> None:
    """Encoders and players are fed at least once a second; what they tell stays true."""
    channel = server.channel("cam")
    channel.show(plain(RED), meta="still")
    async with socket_of(channel, ".mp4") as socket:
        chunks = [await text(socket, "chunk") for _ in range(5)]
        assert (await text(socket, "note"))["data"] == "still"
    assert len({chunk["captured"] for chunk in chunks}) == 1
    # The first viewer may be given the same picture twice at once.
    times = [chunk["pts"] for chunk in chunks[2:]]
    assert all(later - earlier > 0.8 for earlier, later in pairwise(times))


def test_a_size_is_kept(server: Server) -> None:
    channel = server.channel("cam", size=(64, 48))
    channel.show(plain(RED))
    with pytest.raises(InputError, match="48x64 on a channel of size=64x48: scale it"):
        channel.show(plain(RED, 48, 64))


async def test_a_rate_is_a_ceiling_and_the_newest_is_seen(server: Server) -> None:
    channel = server.channel("cam", fps=5)
    async with socket_of(channel) as socket:
        await until(lambda: channel.watched)
        begin = time.monotonic()
        numbers = [channel.show(plain(RED)) for _ in range(500)]
        last = channel.show(plain(GREEN), meta={"last": True})
        passed = time.monotonic() - begin
        assert numbers == list(range(500))
        assert last == 500
        assert (await text(socket, "note"))["data"] == {"last": True}
        assert passed < 20
    async with asyncio.timeout(40):  # the note comes before its picture is encoded
        while not is_like(await asyncio.to_thread(look, channel), GREEN):
            pass


def test_what_is_not_due_yet_is_copied_at_once(server: Server) -> None:
    """The program may draw into the same array then."""
    channel, buffer = server.channel("cam", fps=1), plain(RED)
    with urlopen(f"{channel.url}.mjpg", timeout=20):
        wait_until(lambda: channel.watched)
        channel.show(buffer)
        buffer[:] = GREEN
        channel.show(buffer)
        buffer[:] = BLUE
        wait_until(lambda: not is_like(look(channel), RED))
        assert is_like(look(channel), GREEN)


async def test_meta_is_told_with_its_picture(server: Server) -> None:
    channel = server.channel("cam")
    captured = 1_700_000_000_123_456_789
    channel.show(plain(RED), meta={"boxes": [[1, 2, 3, 4]]}, captured=captured)
    async with socket_of(channel) as socket:
        note = await text(socket, "note")
        assert note["data"] == {"boxes": [[1, 2, 3, 4]]}
        assert note["captured"] == 1_700_000_000_123.456
        assert (await text(socket, "chunk"))["captured"] == note["captured"]


@pytest.mark.parametrize("meta", [{1, 2}, float("nan"), b"bytes", "x" * 70_000])
def test_meta_that_is_no_json(server: Server, meta: Any) -> None:
    with pytest.raises(InputError, match="meta"):
        server.channel("cam").show(plain(RED), meta=meta)


async def test_clicks_and_keys_come_with_the_picture_that_was_seen(server: Server) -> None:
    channel = server.channel("cam")
    clicks: list[Click] = []
    keys: list[Key] = []
    threads: set[str] = set()

    def note(click: Click) -> None:
        clicks.append(click)
        threads.add(threading.current_thread().name)
        raise ZeroDivisionError

    channel.on_click(note)
    channel.on_key(keys.append)
    channel.show(plain(RED))
    async with socket_of(channel) as socket:
        first = await text(socket, "chunk")
        number = channel.show(plain(GREEN, 200, 100))
        while (chunk := await text(socket, "chunk"))["captured"] == first["captured"]:
            pass
        for seen, x in ((first, 0.5), (chunk, 0.25)):
            said = {"type": "pointer", "x": x, "y": 0.5, "button": 0, "captured": seen["captured"]}
            await socket.send_json(said)
        await socket.send_json({"type": "key", "key": "ArrowUp", "captured": chunk["captured"]})
        await socket.send_json({"type": "key", "key": ["nonsense"], "captured": "x"})
        await until(lambda: keys)
    assert clicks == [Click(32, 24, 0, 0), Click(50, 50, 0, number)]
    assert keys == [Key("ArrowUp", number)]
    assert threads == {"televise callbacks"}


async def test_viewers_are_counted(server: Server) -> None:
    channel, other = server.channel("cam"), server.channel("other")
    await until(lambda: (channel.viewers, channel.watched) == (0, False))
    async with socket_of(channel), socket_of(channel, ".mp4"):
        await until(lambda: channel.viewers == 2)
        await until(lambda: channel.watched)
        assert (other.viewers, other.watched) == (0, False)
    await until(lambda: channel.viewers == 0)
    await until(lambda: not channel.watched)


def test_multipart_is_for_other_frameworks(server: Server) -> None:
    channel = server.channel("cam")
    channel.show(plain(RED))
    parts = channel.multipart()
    data = b""
    while data.count(b"--televise\r\nContent-Type: image/jpeg") < 2:
        data += next(parts)
    boundary = channel.multipart_type.partition("boundary=")[2]
    assert channel.multipart_type.startswith("multipart/x-mixed-replace")
    assert data.startswith(f"--{boundary}\r\n".encode())
    parts.close()  # type: ignore[attr-defined]
    wait_until(lambda: channel.viewers == 0)
    parts = channel.multipart()
    channel.close()
    with pytest.raises(Unavailable, match="the hub answers 404"):
        next(parts)


WRONG_TIMES = [1_763_722_222.5, 10**30, -1, 2**63, "now"]


@pytest.mark.parametrize("captured", WRONG_TIMES)
def test_a_time_that_is_none(server: Server, captured: Any) -> None:
    channel = server.channel("cam")
    said = r"captured=.*: whole Unix nanoseconds, as time.time_ns\(\) tells them"
    with pytest.raises(InputError, match=said):
        channel.show(plain(RED), captured=captured)
    with pytest.raises(InputError, match=said):
        channel.write(np.zeros(10, np.int16), captured=captured)
    assert channel.show(plain(RED), captured=np.int64(time.time_ns())) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("fps", [-1, 0, float("nan"), float("inf"), "30"])
def test_a_rate_that_is_none(server: Server, fps: Any) -> None:
    with pytest.raises(InputError, match=r"fps=.*: pictures per second, above 0, or leave it out"):
        server.channel("cam").run([plain(RED)], fps)


def test_what_is_no_iterator(server: Server) -> None:
    with pytest.raises(InputError, match="an iterator of pictures, as a generator is: not int"):
        server.channel("cam").run(5)  # type: ignore[call-overload]


def test_what_is_no_function(server: Server) -> None:
    channel = server.channel("cam")
    for listen in (channel.on_click, channel.on_key):
        with pytest.raises(InputError, match="a function that takes what a viewer did: not 'x'"):
            listen(cast("Any", "x"))


def test_an_iterator_is_shown(server: Server) -> None:
    channel = server.channel("cam")
    begin = time.monotonic()
    channel.run((plain(RED) for _ in range(9)), fps=20)
    assert time.monotonic() - begin >= 0.35
    assert channel.show(plain(GREEN)) == 9


async def test_an_asynchronous_iterator_is_shown(server: Server) -> None:
    async def frames() -> AsyncIterator[NDArray[np.uint8]]:
        for _ in range(5):
            yield plain(RED)

    channel = server.channel("cam")
    await channel.run(frames(), fps=50)
    assert channel.show(plain(GREEN)) == 5


def test_many_threads_may_show(server: Server) -> None:
    channel = server.channel("cam")
    numbers: list[int] = []
    with urlopen(f"{channel.url}.mjpg", timeout=20) as viewer:
        threads = [
            threading.Thread(target=lambda: numbers.extend(show_many(channel, 50)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert viewer.read(1000)
    assert sorted(numbers) == list(range(200))


def show_many(channel: Channel, count: int) -> Iterator[int]:
    for number in range(count):
        yield channel.show(plain(RED, 64 + 10 * number))


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        ((np.sin(np.arange(4800) * 0.0576) * 20_000).astype(np.int16), 48_000),
        (np.full((4410, 2), 0.5, np.float32) * np.sin(np.arange(4410) * 0.06)[:, None]
         .astype(np.float32), 44_100),
    ],
)  # fmt: skip
def test_sound_is_heard(
    server: Server, samples: Any, rate: int, tmp_path: Path, needs: Needs
) -> None:
    """Without gaps, and as loud as it was."""
    ffmpeg = needs("ffmpeg")
    channel = server.channel("cam")
    end = threading.Event()

    def play() -> None:
        begin, count = time.monotonic(), 0
        while not end.wait(max(0.0, begin + count * len(samples) / rate - time.monotonic())):
            channel.show(plain(RED))
            channel.write(samples, rate)
            count += 1

    thread = threading.Thread(target=play)
    thread.start()
    try:
        wait_until(lambda: "audio" in [track["kind"] for track in tracks(channel)])
        recorded = tmp_path / "sound.wav"
        command = [ffmpeg, "-v", "error", "-i", f"{channel.url}.mp4", "-t", "2", "-vn"]
        subprocess.run([*command, "-ac", "1", str(recorded)], check=True, timeout=60)
    finally:
        end.set()
        thread.join()
    heard = np.frombuffer(recorded.read_bytes()[100:], "<i2").astype(float)
    blocks = heard[: len(heard) // 2400 * 2400].reshape(-1, 2400)[4:-2]
    loud = np.sqrt((blocks**2).mean(axis=1))
    assert len(loud) > 15
    assert loud.min() > 0.8 * loud.max() > 5000


def tracks(channel: Channel) -> Any:
    with contextlib.suppress(OSError):  # watches for a moment, so that sound is taken
        urlopen(f"{channel.url}.jpg", timeout=20).close()
    return state(channel)["tracks"]


WRONG_SOUND = [
    (None, 48_000, "sound of NoneType: give a numpy array of int16"),
    (np.zeros(10), 48_000, "sound of float64"),
    (np.zeros((10, 6), np.int16), 48_000, "shape 10x6: samples, or samples x 2"),
    (np.zeros((2, 2, 2), np.int16), 48_000, "shape 2x2x2"),
    (np.zeros(10, np.int16), 0, "rate=0: samples per second, from 8000"),
    (np.zeros(10, np.int16), "48000", "rate='48000'"),
]


@pytest.mark.parametrize(("samples", "rate", "said"), WRONG_SOUND)
def test_sound_that_is_none(server: Server, samples: Any, rate: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        server.channel("cam").write(samples, rate)


def test_a_channel_can_be_ended_and_made_again(server: Server) -> None:
    channel = server.channel("cam")
    assert server.channels == [channel]
    channel.close()
    assert server.channels == []
    again = server.channel("cam")
    channel.close()  # not the other of its name
    assert server.channels == [again]
    for use in (
        lambda: channel.show(plain(RED)),
        lambda: channel.write(np.zeros(10, np.int16)),
        lambda: channel.run([]),
        lambda: channel.on_key(print),
        channel.multipart,
    ):
        with pytest.raises(Unavailable, match="channel 'cam' has been closed"):
            use()
    again.show(plain(GREEN))
    assert is_like(look(again), GREEN)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a b",), "bad channel name 'a b'"),
        (("api",), "reserved"),
        (("cam", (0, 5)), r"size=\(0, 5\): .width, height. in pixels"),
        (("cam", (5000, 50)), "at most 4096x2304"),
        (("cam", "640x480"), "size='640x480'"),
        (("cam", 5), r"size=5: .width, height. in pixels"),
        (("cam", (64, 48.0)), "size="),
        (("cam", None, 0), "fps=0: pictures per second"),
        (("cam", None, 500), "at most 120"),
        (("cam", None, "30"), "fps='30': pictures per second"),
        (("cam", None, float("nan")), "fps=nan"),
        ((5,), 'the name of a channel is text, as in "cam", and comes first: not int'),
    ],
)
def test_a_channel_that_cannot_be(server: Server, arguments: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        server.channel(*arguments)
    server.channel("cam")
    with pytest.raises(InputError, match="there is a channel 'cam' already"):
        server.channel("cam")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"port": -1}, "port=-1"),
        ({"port": 70_000}, "port=70000"),
        ({"port": "8080"}, "port='8080': a number from 0 to 65535"),
        ({"port": 0, "host": "0.0.0.0"}, "private=True .*, or insecure=True"),
        (
            {"port": 0, "host": "no.such.host.invalid", "insecure": True},
            "^host=no.such.host.invalid: no such address",
        ),
        ({"port": 0, "host": 5}, 'host=5: an address as text, as in "127.0.0.1"'),
        ({"port": 0, "origins": ["nonsense"]}, r"^origins=\['nonsense'\]: write scheme and host"),
        ({"port": 0, "origins": "https://a.example"}, "origins='https://a.example': a list"),
        ({"port": 0, "origins": [5]}, r"origins=\[5\]: a list"),
    ],
)
def test_a_server_that_cannot_be(arguments: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Server(**arguments)


def test_a_host_may_be_written_as_in_a_url() -> None:
    assert check_host("[::1]") == "::1"


def test_a_notebook_shows_the_stream(server: Server) -> None:
    channel = server.channel("cam")
    assert f"'{channel.url}.mjpg'" in channel._repr_html_()


def test_the_shortest_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Server
) -> None:
    """Port 8080 may be anybody's here: another one stands in for it, and is taken."""
    from televise.program import show as module

    monkeypatch.setattr(module, "PORT", int(server.url.rpartition(":")[2]))
    with pytest.raises(InputError, match="and comes first: not ndarray"):
        televise.show(plain(RED), "plot")  # type: ignore[arg-type]
    assert televise.show("plot", plain(RED)) == 0
    assert televise.show("plot", plain(BLUE), colors="bgr") == 1
    assert televise.show("other", plain(GREEN)) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" is at ")[0] for line in said] == ["televise: plot", "televise: other"]
    for line, colour in zip(said, (RED, GREEN), strict=True):
        with urlopen(f"{line.split(' is at ')[1]}.jpg", timeout=20) as answer:
            assert is_like(PIL.Image.open(io.BytesIO(answer.read())), colour)
    televise.wait(0.01)
    assert module._server is not None
    module._server.close()
