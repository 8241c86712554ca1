"""Muxed and Encoding: each packet is muxed once for each format, and an epoch begins anew."""

from televise.hub.encoding import Encoding
from televise.hub.muxed import Chunk, Muxed, Muxer
from televise.link.messages import Epoch
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track

VIDEO = Track("video", "h264", 90_000)


class Counting(Muxer):
    """A muxer that says which packet of which epoch it was given."""

    made = 0

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        Counting.made += 1
        self._epoch = epoch

    def mux(self, packet: Packet) -> Chunk:
        data = f"{self._epoch}:{packet.sequence}".encode()
        return Chunk(data, b"init", packet.keyframe, packet.seconds)


class Other(Counting):
    """The same in another format."""


def packet(sequence: int, *, epoch: int = 1, keyframe: bool = False, track: int = 0) -> Packet:
    return Packet(track, epoch, sequence, b"x", 0, 0, 1, keyframe, 0, sequence / 10)


def data_of(muxed: Muxed) -> list[bytes]:
    return [muxed.log[position].data for position in range(muxed.log.first, muxed.log.end)]


def encoding() -> Encoding:
    return Encoding(1, Rendition("h264"))


def test_before_the_first_epoch_there_is_nothing_to_mux() -> None:
    muxed = Muxed(Counting)
    muxed.append(packet(0, keyframe=True))
    assert data_of(muxed) == []


def test_a_chunk_is_in_the_log_before_it_is_delivered() -> None:
    muxed = Muxed(Counting)
    seen: list[tuple[bytes, int]] = []
    muxed.deliver = lambda chunk: seen.append((chunk.data, muxed.log.end))
    muxed.begin(1, (VIDEO,))
    muxed.append(packet(0, keyframe=True))
    muxed.append(packet(1))
    assert seen == [(b"1:0", 1), (b"1:1", 2)]


def test_what_nobody_can_begin_at_is_not_delivered() -> None:
    muxed = Muxed(Counting)
    seen: list[Chunk] = []
    muxed.deliver = seen.append
    muxed.begin(1, (VIDEO,))
    muxed.append(packet(0))
    assert seen == []


def test_all_viewers_of_a_format_share_its_muxer() -> None:
    subject = encoding()
    subject.begin(Epoch(1, 1, (VIDEO,)))
    before = Counting.made
    assert subject.muxed(Counting) is subject.muxed(Counting)
    assert subject.muxed(Counting) is not subject.muxed(Other)
    assert Counting.made == before + 2


def test_a_format_that_is_asked_late_begins_at_the_newest_keyframe() -> None:
    subject = encoding()
    subject.begin(Epoch(1, 1, (VIDEO,)))
    for number in range(7):
        subject.append(packet(number, keyframe=number % 3 == 0))
    assert data_of(subject.muxed(Counting)) == [b"1:6"]
    subject.append(packet(7))
    assert data_of(subject.muxed(Counting)) == [b"1:6", b"1:7"]


def test_a_format_that_nobody_watches_is_forgotten() -> None:
    subject = encoding()
    subject.begin(Epoch(1, 1, (VIDEO,)))
    old = subject.muxed(Counting)
    subject.drop(Counting)
    subject.append(packet(0, keyframe=True))
    assert data_of(old) == []
    assert subject.muxed(Counting) is not old


def test_a_new_epoch_forgets_the_packets_of_the_old_one() -> None:
    subject = encoding()
    subject.begin(Epoch(1, 1, (VIDEO,)))
    early = subject.muxed(Counting)
    subject.append(packet(0, keyframe=True))
    subject.begin(Epoch(1, 2, (VIDEO,)))
    assert subject.log.newest is None
    subject.append(packet(1, epoch=2, keyframe=True))
    assert data_of(early)[-1] == b"2:1"
    assert data_of(subject.muxed(Other)) == [b"2:1"], "a late one never sees what cannot go on"


def test_strays_of_another_epoch_or_track_are_dropped() -> None:
    subject = encoding()
    subject.append(packet(0, keyframe=True))
    subject.begin(Epoch(1, 2, (VIDEO,)))
    subject.append(packet(1, epoch=1, keyframe=True))
    subject.append(packet(2, epoch=3, keyframe=True))
    subject.append(packet(3, epoch=2, keyframe=True, track=1))
    assert subject.log.newest is None


def test_a_refusal_is_heard_and_lasts_until_the_next_epoch() -> None:
    subject = encoding()
    heard: list[str] = []
    subject.listeners.add(lambda: heard.append(subject.refusal))
    subject.refuse("the source has no picture")
    assert heard == ["the source has no picture"]
    subject.begin(Epoch(1, 1, (VIDEO,)))
    assert subject.refusal == ""
