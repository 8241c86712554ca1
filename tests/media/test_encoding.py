"""When an encoding begins a new epoch, and when it does not."""

import pytest

from televise.link.messages import Epoch, Media, Message, Subscribe
from televise.media.encoding import SILENCE_SECONDS, Encoding
from televise.media.source import Input
from televise.media.unit import Place, Unit
from televise.model.rendition import Rendition
from televise.model.track import Kind
from tests.formats import witness
from tests.media.packets import decoder, make_packet

PICTURES = witness.encode_h264(tune="zerolatency", g="6")
SOUND = witness.encode_aac()
INPUTS: dict[Kind, Input] = {
    "video": Input("video", "h264", decoder("h264"), PICTURES.extradata, rate=25),
    "audio": Input("audio", "aac", decoder("aac"), SOUND.extradata, rate=48_000, channels=2),
}


def units(begin: float, *, silent: bool = False) -> list[tuple[float, Kind, bytes]]:
    """Half a second of film from then on; the picture comes before its sound."""
    found: list[tuple[float, Kind, bytes]] = [
        (begin + 0.04 * each.dts, "video", each.data) for each in PICTURES.packets
    ]
    if not silent:
        found += [(begin + 0.05 + each.dts / 48_000, "audio", each.data) for each in SOUND.packets]
    return sorted(found)


def epochs(coming: list[tuple[float, Kind, bytes]]) -> list[list[str]]:
    """The kinds of the tracks of each epoch."""
    sent: list[Message] = []
    encoding = Encoding(Subscribe(1, Rendition("h264", "aac"), 1), INPUTS, {}, sent.append)
    for seconds, kind, data in coming:
        place = Place(seconds, seconds, 0.02, 0.0)
        reason = encoding.packet(kind, Unit(0, make_packet(data), data, place, 7))
        assert reason == ""
    assert any(isinstance(message, Media) for message in sent)
    return [[track.kind for track in each.tracks] for each in sent if isinstance(each, Epoch)]


@pytest.mark.parametrize("pause", [1.0, SILENCE_SECONDS + 0.1, 60.0])
def test_a_pause_of_both_is_no_end_of_sound(pause: float) -> None:
    """A line stands still, and it goes on with a keyframe."""
    assert epochs(units(1.0) + units(1.5 + pause)) == [["video", "audio"]]


@pytest.mark.parametrize("pause", [SILENCE_SECONDS + 0.1, 60.0])
def test_a_pause_that_begins_between_a_picture_and_its_sound(pause: float) -> None:
    first = units(1.0)
    while first[-1][1] != "video":
        first.pop()
    assert epochs(first + units(1.5 + pause)) == [["video", "audio"]]


def test_sound_that_does_not_come_back_with_the_picture_is_dropped() -> None:
    silent = [each for number in range(4) for each in units(61.5 + number / 2, silent=True)]
    film = units(1.0) + silent
    assert epochs(film) == [["video", "audio"], ["video"]]
    assert epochs(film + units(64.0)) == [["video", "audio"], ["video"], ["video", "audio"]]
