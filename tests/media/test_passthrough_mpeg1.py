"""MPEG-1 video and MP2 sound that go through untouched."""

from pathlib import Path

import av
import pytest

from televise.errors import FormatError, Unfit
from televise.formats import mpeg1
from televise.media.passthrough import mp2 as mp2_path
from televise.media.passthrough import mpeg1 as mpeg1_path
from televise.media.passthrough.mp2 import Mp2Path
from televise.media.passthrough.mpeg1 import Mpeg1Path
from televise.media.source import Input
from televise.model.rendition import Rendition
from tests.conftest import Needs
from tests.media.films import make, moving, tone
from tests.media.packets import decoder
from tests.media.rig import running
from tests.media.test_passthrough import through

MPEG1 = Rendition("mpeg1video", "mp2")
LOW_DELAY = ("-c:v", "mpeg1video", "-g", "5", "-bf", "0")
VIDEO = Input("video", "mpeg1video", decoder("mpeg1video"), rate=25)
SOUND = Input("audio", "mp2", decoder("mp2"), rate=48_000, channels=2)


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = next(each for each in container.streams if each.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def pictures(folder: Path, *options: str, size: str = "160x120") -> list[bytes]:
    return packets(make(folder / "film.mpg", *moving(size), *LOW_DELAY, *options), "video")


def test_pictures_go_as_they_are_and_begin_with_a_header(tmp_path: Path) -> None:
    given = pictures(tmp_path)
    found = through(Mpeg1Path(VIDEO), *given)
    assert [each.data for each in found] == given
    assert [each.keyframe for each in found[:6]] == [True, *[False] * 4, True]
    (track,) = {each.track for each in found}
    assert (track.codec, track.width, track.height, track.delivery) == (
        *("mpeg1video", 160, 120),
        "passthrough",
    )


def test_a_keyframe_without_a_header_gets_the_last_one(tmp_path: Path) -> None:
    first, *_, later = pictures(tmp_path)[:6]
    bare = later[later.index(mpeg1.PICTURE_CODE) :]
    assert through(Mpeg1Path(VIDEO), bare) == [], "there is none yet"
    _, found = through(Mpeg1Path(VIDEO), first, bare)
    assert found.data.startswith(mpeg1.SEQUENCE_CODE)
    assert found.data.endswith(bare)


def test_another_size_is_another_track(tmp_path: Path) -> None:
    given = pictures(tmp_path)[:1] + pictures(tmp_path, size="96x64")[:1]
    assert [each.track.width for each in through(Mpeg1Path(VIDEO), *given)] == [160, 96]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("-bf", "2"), "B pictures"),
        (("-intra_matrix", ",".join(["8", *["16"] * 63])), "matrices"),
    ],
)
def test_what_is_unfit(tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    with pytest.raises(Unfit, match=why):
        through(Mpeg1Path(VIDEO), *pictures(tmp_path, *options))


def test_keyframes_that_are_too_rare_are_unfit(tmp_path: Path) -> None:
    first, second, *_ = pictures(tmp_path)
    with pytest.raises(Unfit, match="more than 10 s apart"):
        through(Mpeg1Path(VIDEO), first, *[second] * 4, step=3.0)


def test_other_sources_are_told_so() -> None:
    other = Input("video", "h264", VIDEO.decoder)
    assert mpeg1_path.unfit(other) == "mpeg1video was asked for"
    turned = Input("video", "mpeg1video", VIDEO.decoder, rotation=90)
    assert mpeg1_path.unfit(turned) == "it has to be turned by 90 degrees"
    assert mp2_path.unfit(Input("audio", "aac", SOUND.decoder)) == "mp2 was asked for"
    slow = Input("audio", "mp2", SOUND.decoder, rate=22_050, channels=2)
    assert "22050 Hz" in mp2_path.unfit(slow)


def test_sound_goes_as_it_is(tmp_path: Path) -> None:
    given = packets(make(tmp_path / "tone.mp2", *tone(channels=2)), "audio")
    found = through(Mp2Path(SOUND), *given, step=0.024)
    assert [each.data for each in found] == given
    with pytest.raises(FormatError):
        through(Mp2Path(SOUND), b"\xff\xf1 is AAC")


def test_a_film_for_jsmpeg_is_not_encoded_again(tmp_path: Path) -> None:
    """What the worker sends are the very bytes of the file, sound and pictures."""
    options = (*moving(seconds=2.0), *tone(2.0, channels=2), *LOW_DELAY, "-c:a", "mp2")
    film = make(tmp_path / "film.ts", *options)
    with running(film) as worker:
        run = worker.collect(worker.subscribe(MPEG1), 1.0)[-1]
    for kind in ("video", "audio"):
        assert run.track(kind).delivery == "passthrough"
        given = set(packets(film, kind))
        found = {packet.data for packet in run.of(kind)}
        assert len(found) > 10
        assert found <= given


def test_with_another_size_it_is(tmp_path: Path) -> None:
    film = make(tmp_path / "film.ts", *moving(seconds=2.0), *LOW_DELAY)
    with running(film) as worker:
        run = worker.collect(worker.subscribe(Rendition("mpeg1video", w=80)), 0.5)[-1]
    assert run.track("video").delivery == "transcode"
