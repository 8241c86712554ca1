"""What is left out of a source of which bytes were lost, and that all the rest is whole."""

import io
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from televise.link.messages import Damaged, Message
from televise.media.container import LIVE, open_container
from televise.media.damage import PATIENCE_SECONDS, Damage
from televise.media.demuxer import Demuxer
from televise.media.source import AnyPacket
from televise.media.unit import Place, Unit
from televise.model.track import Kind
from tests.media.films import make, moving, tone
from tests.media.packets import TS_PACKET, begins_picture, make_packet

GOP = 10
SYNCWORD = b"\xff\xf1sound"
# In one PES packet of this film, and in the moment after it.
MOST_SOUNDS = 24
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
MPEG1 = ["-c:v", "mpeg1video", "-b:v", "300k"]


class Kept:
    """What is taken of a transport stream, of each kind its packets in order."""

    def __init__(self, stream: bytes) -> None:
        self.told: list[Message] = []
        self.pictures: list[bytes] = []
        self.sounds: list[bytes] = []
        self.came = 0
        damage = Damage(self.told.append)
        demuxer = Demuxer(
            open_container(io.BytesIO(stream), "", format="mpegts", options=LIVE, shown="test")
        )
        for index, packet in demuxer.packets():
            kind = demuxer.inputs[index].kind
            assert packet.dts is not None
            self.came += 1
            seconds = float(packet.dts * packet.time_base)
            kept = self.pictures if kind == "video" else self.sounds
            kept += [each.data for each in damage.sift(kind, unit(packet, seconds))]

    @property
    def left_out(self) -> int:
        """How many did not come through, one that may still be held back not among them."""
        return max(0, self.came - len(self.pictures) - len(self.sounds) - 1)


def unit(packet: AnyPacket, seconds: float) -> Unit:
    return Unit(0, packet, bytes(packet), Place(seconds, seconds, 0.04, 0.0), 0)


@cache
def film(folder: Path, video: str) -> bytes:
    codec = H264 if video == "h264" else MPEG1
    sound = ["-c:a", "aac"] if video == "h264" else ["-c:a", "mp2"]
    gop = ["-g", str(GOP), "-keyint_min", str(GOP), "-bf", "0"]
    inputs = [*moving(size="96x64", seconds=1.4), *tone(seconds=1.4)]
    made = make(folder / f"{video}.ts", *inputs, *codec, *gop, *sound, "-f", "mpegts")
    return made.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def each_loss(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """``stream`` without one of its packets, each in turn, from the second picture on: before it is
    none on which the mark could stand."""
    starts = range(0, len(stream), TS_PACKET)
    pictures = [start for start in starts if begins_picture(stream[start : start + 3])]
    for start in starts[pictures[1] // TS_PACKET + 1 :]:
        yield start // TS_PACKET, stream[:start] + stream[start + TS_PACKET :]


@pytest.mark.parametrize("video", ["h264", "mpeg1"])
def test_nothing_is_shown_that_lacks_something(video: str, folder: Path) -> None:
    """Whichever packet is lost: each picture is whole, and so is all that it was made from."""
    stream = film(folder, video)
    whole = Kept(stream)
    assert (whole.left_out, whole.told) == (0, [])
    assert len(whole.pictures) == 35
    number = {picture: place for place, picture in enumerate(whole.pictures)}
    losses = 0
    for lost, damaged in each_loss(stream):
        kept = Kept(damaged)
        places = [number.get(picture, -1) for picture in kept.pictures[:-1]]
        for before, after in pairwise(places):
            # One that is not whole is shown where a keyframe comes next: a stream that begins anew
            # looks the same.
            right = after % GOP == 0 if before < 0 else after in (before + 1, -1)
            assert right or after % GOP == 0, f"packet {lost}: {places}"
        assert places.count(-1) < 2
        assert set(kept.sounds[:-1]) <= set(whole.sounds), f"packet {lost}"
        losses += kept.left_out > 0
        assert kept.left_out <= GOP + 1 + MOST_SOUNDS
    assert losses > len(whole.pictures)


class Sifting:
    """What comes through of packets that are made for it."""

    def __init__(self) -> None:
        self.told: list[Damaged] = []
        self.damage = Damage(self.told.append)

    def __call__(
        self, kind: Kind, seconds: float, *, keyframe: bool = False, corrupt: bool = False
    ) -> list[float]:
        """The times of what can be shown now."""
        made = make_packet(SYNCWORD if kind == "audio" else b"picture")
        made.is_keyframe, made.is_corrupt = keyframe, corrupt
        return [each.place.seconds for each in self.damage.sift(kind, unit(made, seconds))]


def test_it_goes_on_at_a_keyframe_that_is_beyond_doubt() -> None:
    """And tells how many were left out."""
    sift = Sifting()
    assert sift("video", 0.0, keyframe=True) == [0.0]
    assert sift("video", 0.1, corrupt=True) == [0.1]
    assert sift("video", 0.2, keyframe=True) == []
    assert sift("video", 0.3) == []
    assert sift("video", 0.4, keyframe=True) == [0.4]
    assert sift("video", 0.5) == [0.5]
    assert sift.told == [Damaged(2)]


def test_a_keyframe_that_is_next_ends_the_doubt() -> None:
    """So nothing is missing of a stream that begins anew."""
    sift = Sifting()
    assert sift("video", 0.0, keyframe=True, corrupt=True) == [0.0]
    assert sift("video", 0.1) == []
    assert sift("video", 0.2, keyframe=True) == [0.1, 0.2]
    assert sift.told == []


def test_sound_is_left_out_for_a_moment() -> None:
    """And the next one shows, from then on, whether one was whole."""
    sift = Sifting()
    assert sift("audio", 0.0) == [0.0]
    assert sift("audio", 0.1, corrupt=True) == []
    assert sift("audio", 0.2) == []
    assert sift("audio", 0.31) == []
    assert sift("audio", 0.33) == [0.31]
    assert sift("audio", 0.35, corrupt=True) == []
    assert sum(each.count for each in sift.told) == 2


def test_a_source_without_keyframes_is_shown_as_it_is() -> None:
    sift = Sifting()
    assert sift("video", 5.0, corrupt=True) == [5.0]
    assert sift("video", 5.1) == []
    assert sift("video", 5.1 + PATIENCE_SECONDS) == []
    assert sift("video", 5.2 + PATIENCE_SECONDS) == [5.2 + PATIENCE_SECONDS]


def test_a_source_that_begins_anew_is_beyond_doubt() -> None:
    sift = Sifting()
    assert sift("video", 0.0, corrupt=True) == [0.0]
    sift.damage.forget()
    assert sift("video", 0.1) == [0.1]
