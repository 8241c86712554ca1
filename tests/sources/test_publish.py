"""What publishers send, as the worker reads it: whole, in pieces, wrong, or not at all."""

import random
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import av
import av.error
import pytest

from televise.errors import SourceError
from televise.link.messages import Data, Ended, Finish, Publish, State, Taken
from televise.media import inbox as inbox_module
from televise.media import patience
from televise.media.inbox import Inbox
from televise.media.source import AnyPacket, Input
from televise.sources.publish import GONE, WAITING, PublishSource
from tests.conftest import Needs
from tests.ingest.publishers import BLUE, RED, film, film_file, picture
from tests.support.waiting import wait_until


class Feed:
    """Takes everything, at once."""

    def __init__(self) -> None:
        self.stopping = False
        self.states: list[State] = []
        self.inputs: list[Sequence[Input]] = []
        self.packets: list[AnyPacket] = []
        self.frames: list[av.VideoFrame | av.AudioFrame] = []

    def set_state(self, state: State) -> None:
        self.states.append(state)

    def opened(self, inputs: Sequence[Input], *, paced: bool = False) -> None:
        assert not paced
        self.inputs.append(inputs)

    def packet(self, index: int, packet: AnyPacket, captured: int = 0) -> None:
        self.packets.append(packet)

    def frame(self, index: int, frame: av.VideoFrame | av.AudioFrame, captured: int = 0) -> None:
        self.frames.append(frame)


class Running:
    """The source in a thread, begun anew after each error, as the worker does."""

    def __init__(self) -> None:
        self.told: list[Taken | Ended] = []
        self.errors: list[str] = []
        self.feed = Feed()
        self.inbox = Inbox(self.told.append)
        self.source = PublishSource(self.inbox)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._number = 0

    def _run(self) -> None:
        while not self.feed.stopping:
            try:
                self.source.run(self.feed)  # type: ignore[arg-type]
            except SourceError as error:
                self.errors.append(str(error))

    def publish(self, format: str, *parts: bytes, ends: bool = True) -> int:
        self._number += 1
        self.inbox.hear(Publish(self._number, format))
        for part in parts:
            self.inbox.hear(Data(self._number, part))
        if ends:
            self.inbox.hear(Finish(self._number))
        return self._number

    def ended(self, number: int) -> str:
        """Wait for the end of a publisher; what is wrong with it."""

        def find() -> list[Ended]:
            return [each for each in self.told if isinstance(each, Ended) and each.id == number]

        return wait_until(find)[0].text

    def taken(self, number: int) -> int:
        return sum(e.count for e in self.told if isinstance(e, Taken) and e.id == number)

    def stop(self) -> None:
        self.feed.stopping = True
        self.publish("mpegts")
        self._thread.join(40)
        assert not self._thread.is_alive()


@contextmanager
def running() -> Iterator[Running]:
    source = Running()
    try:
        yield source
    finally:
        source.stop()


def pieces(data: bytes, seed: int = 1) -> list[bytes]:
    chance, start, parts = random.Random(seed), 0, []
    while start < len(data):
        size = chance.choice((1, 7, 188, 4000, 70_000))
        parts.append(data[start : start + size])
        start += size
    return parts


FORMATS = {"ts": "mpegts", "flv": "flv", "mp4": "", "webm": "matroska", "mjpg": "jpeg"}


@pytest.mark.parametrize("way", FORMATS)
def test_every_picture_of_a_film_comes(way: str, needs: Needs) -> None:
    needs("ffmpeg")
    data = film(way)
    with running() as publishing:
        number = publishing.publish(FORMATS[way], *pieces(data))
        assert publishing.ended(number) == ""
        assert publishing.taken(number) == len(data)
        assert len(publishing.feed.packets) >= 24
        (video,) = publishing.feed.inputs[0]
        assert (video.width, video.height) == (160, 120)
        wait_until(lambda: publishing.feed.states[-1] == State("offline", GONE))
    assert publishing.feed.states[0] == State("offline", WAITING)
    assert State("connecting") in publishing.feed.states


def images(*data: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(each)) + each for each in data)


def test_single_pictures() -> None:
    jpegs, png = [picture(RED, "JPEG"), picture(BLUE, "JPEG")], picture(RED, "PNG", (64, 48))
    with running() as publishing:
        data = images(*jpegs, png, jpegs[0])
        number = publishing.publish("image", *pieces(data))
        assert publishing.ended(number) == ""
        assert [bytes(packet) for packet in publishing.feed.packets] == jpegs
        sizes = [(frame.width, frame.height) for frame in publishing.feed.frames
                 if isinstance(frame, av.VideoFrame)]  # fmt: skip
        assert sizes == [(64, 48), (160, 120)]
        assert [inputs[0].codec for inputs in publishing.feed.inputs] == ["mjpeg", "rawvideo"]
        assert not publishing.source.watched, "they may come as rarely as they like"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_single_picture_is_fed_again_until_the_next(kind: str) -> None:
    """Browsers show a part of MJPEG only when the next one begins."""
    with running() as publishing:
        publishing.publish("image", images(picture(RED, kind)), ends=False)
        wait_until(lambda: len([*publishing.feed.packets, *publishing.feed.frames]) > 2)


def damaged_png() -> bytes:
    whole = picture(RED, "PNG")
    return whole[:60] + bytes(8) + whole[68:]


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("mpegts", b"no media " * 9999),
        ("mpegts", b""),
        ("flv", b"FLV\1\5\0\0\0\x09" + bytes(99_999)),
        ("", b"\0\0\0\x18ftypisom" + bytes(9999)),
        ("matroska", b"\x1a\x45\xdf\xa3" + bytes(9999)),
        ("jpeg", b"\xff\xd8\xff" + b"x" * 9999),
        ("jpeg", b""),
        ("image", images(b"hello")),
        ("image", images(b"\xff\xd8\xff\xe0")),
        ("image", images(damaged_png())),
        ("image", b"\xff\xff\xff\xff\xff"),
    ],
)  # fmt: skip
def test_what_is_no_media_is_told_and_the_next_is_read(format: str, data: bytes) -> None:
    with running() as publishing:
        text = publishing.ended(publishing.publish(format, data))
        assert text.startswith("what is published: ")
        assert "\n" not in text
        assert text.count("what is published") == 1
        good = publishing.publish("image", images(picture(RED, "JPEG")))
        assert publishing.ended(good) == ""
        assert len(publishing.feed.packets) == 1
    assert publishing.errors[0] == text


def test_a_picture_that_ffmpeg_cannot_take_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as publishing:
        take = publishing.feed.frame

        def refuse(index: int, frame: av.VideoFrame | av.AudioFrame, captured: int = 0) -> None:
            raise av.error.OSError(95, "Operation not supported")

        monkeypatch.setattr(publishing.feed, "frame", refuse)
        bad = publishing.publish("image", images(picture(RED, "PNG")))
        told = "what is published: it cannot be shown: operation not supported"
        assert publishing.ended(bad) == told
        monkeypatch.setattr(publishing.feed, "frame", take)
        good = publishing.publish("image", images(picture(RED, "PNG")))
        assert publishing.ended(good) == ""
        assert len(publishing.feed.frames) == 1


@pytest.mark.parametrize(
    ("format", "way", "told"),
    [
        ("mpegts", "flv", "this is no MPEG-TS: it looks like FLV"),
        ("mpegts", "webm", "this is no MPEG-TS: it looks like WebM or Matroska"),
        ("mpegts", "mp4", "this is no MPEG-TS: it looks like MP4"),
        ("jpeg", "ts", "this is no JPEG: it looks like MPEG-TS"),
        ("flv", "ts", "this is no FLV: it looks like MPEG-TS"),
        ("matroska", "mp4", "this is no WebM or Matroska: it looks like MP4"),
    ],
)
def test_another_format_is_told_at_once(format: str, way: str, told: str, needs: Needs) -> None:
    """Its publisher would go on for ever."""
    needs("ffmpeg")
    with running() as publishing:
        number = publishing.publish(format, *pieces(film(way)), ends=False)
        assert publishing.ended(number) == f"what is published: {told}"


def test_an_mp4_whose_index_comes_last_is_told_at_once(needs: Needs) -> None:
    needs("ffmpeg")
    with running() as publishing:
        number = publishing.publish("", film_file("mp4"), ends=False)
        assert publishing.ended(number) == (
            "what is published: this MP4 has its index at its end: "
            "write it with -movflags frag_keyframe+empty_moov"
        )
        good = publishing.publish("", film_file("mp4", "-movflags", "faststart"))
        assert publishing.ended(good) == ""


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (random.Random(1).randbytes(300_000), "this is no MPEG-TS"),
        (b"hello, world!\n" * 20_000, "this is no MPEG-TS: it looks like text"),
        (b"", "nothing was sent"),
    ],
    ids=["random", "text", "nothing"],
)
def test_what_it_looks_like_is_told_where_it_ends(data: bytes, told: str) -> None:
    with running() as publishing:
        assert publishing.ended(publishing.publish("mpegts", data)) == f"what is published: {told}"


@pytest.mark.parametrize(
    ("format", "told"),
    [
        ("mpegts", "this is no MPEG-TS"),
        ("flv", "this is no FLV"),
        ("jpeg", "this is no JPEG"),
        ("matroska", "this is no WebM or Matroska"),
        ("", "not a media file or stream that can be read"),
    ],
)
def test_rubbish_that_does_not_end_is_sent_away(
    format: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST_SECONDS", 0.0)
    with running() as publishing:
        data = pieces(random.Random(1).randbytes(patience.MOST_BYTES + 100_000))
        number = publishing.publish(format, *data, ends=False)
        assert publishing.ended(number) == f"what is published: {told}"


@pytest.mark.parametrize("way", ["ts", "flv", "mjpg"])
def test_what_has_been_understood_may_be_as_long_as_it_likes(
    way: str, monkeypatch: pytest.MonkeyPatch, needs: Needs
) -> None:
    needs("ffmpeg")
    data = film(way, 10)
    monkeypatch.setattr(patience, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(patience, "MOST_BYTES", len(data) // 2)
    with running() as publishing:
        assert publishing.ended(publishing.publish(FORMATS[way], *pieces(data))) == ""


def test_each_publisher_ends_the_one_before(needs: Needs) -> None:
    needs("ffmpeg")
    with running() as publishing:
        first = publishing.publish("mpegts", film("ts"), ends=False)
        wait_until(lambda: publishing.feed.packets)
        second = publishing.publish("mpegts", film("ts"))
        assert publishing.ended(first) == ""
        assert publishing.ended(second) == ""
        publishing.inbox.hear(Data(first, b"late"))
        publishing.inbox.hear(Finish(first))
        third = publishing.publish("image", images(picture(RED, "JPEG")))
        assert publishing.ended(third) == ""


@pytest.mark.parametrize("format", ["mpegts", "flv", "", "jpeg", "image"])
@pytest.mark.parametrize("begins", [False, True])
def test_who_falls_silent_is_sent_away(
    format: str, begins: bool, monkeypatch: pytest.MonkeyPatch, needs: Needs
) -> None:
    needs("ffmpeg")
    assert inbox_module.IDLE_SECONDS < 25, "before the worker itself is held to hang"
    monkeypatch.setattr(inbox_module, "IDLE_SECONDS", 0.6)
    ways = {value: film(key) for key, value in FORMATS.items()}
    data = {**ways, "image": images(picture(RED, "JPEG"))}[format] if begins else b""
    with running() as publishing:
        number = publishing.publish(format, *([data] if data else []), ends=False)
        assert publishing.ended(number) == "what is published: it sent nothing for 1 s"
        assert bool(publishing.feed.packets) == begins
