"""Two ways for packets, and one order: it begins with a keyframe and has no hole."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from televise.link import sequencer as module
from televise.link.messages import Epoch, Media, Message, Note
from televise.link.sequencer import MAX_WAITING, Sequencer
from televise.model.packet import Packet
from televise.model.track import Track

VIDEO = (Track("video", "h264", 90_000),)
GOP = 5


def media(sequence: int, epoch: int = 1, size: int = 1) -> Media:
    """Every fifth one is a keyframe: 0, 5, 10 ..."""
    data, keyframe = bytes(size), sequence % GOP == 0
    return Media(1, Packet(0, epoch, sequence, data, 0, 0, 1, keyframe, 0, float(sequence)))


def epoch(number: int) -> Epoch:
    return Epoch(1, number, VIDEO)


def numbers(messages: list[Message]) -> list[int]:
    return [each.packet.sequence for each in messages if isinstance(each, Media)]


def taken(sequencer: Sequencer, *messages: Message) -> list[Message]:
    return [each for message in messages for each in sequencer.take(message)]


def test_what_comes_in_order_passes_at_once() -> None:
    sequencer = Sequencer()
    sent: list[Message] = [epoch(1), *map(media, range(12))]
    for message in sent:
        assert sequencer.take(message) == [message]
    assert (sequencer.behind, sequencer.gaps) == (False, 0)


def test_who_comes_late_begins_with_the_keyframe_that_was_before() -> None:
    sequencer = Sequencer()
    assert taken(sequencer, media(7), media(8)) == []  # live
    assert sequencer.behind
    assert numbers(taken(sequencer, epoch(1), media(5), media(6))) == [5, 6, 7, 8]
    assert not sequencer.behind
    assert numbers(taken(sequencer, media(7), media(9))) == [9]


def test_what_is_missing_is_waited_for() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5), media(6))
    assert taken(sequencer, media(8), media(9)) == []
    assert sequencer.behind
    # Asked again, all since the keyframe comes.
    assert numbers(taken(sequencer, epoch(1), media(5), media(6), media(7))) == [7, 8, 9]
    assert (sequencer.behind, sequencer.gaps) == (False, 0)


def test_a_keyframe_ends_a_gap() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5), media(6))
    assert numbers(taken(sequencer, media(8), media(9), media(10), media(11))) == [10, 11]
    assert (sequencer.behind, sequencer.gaps) == (False, 1)
    assert numbers(taken(sequencer, media(7), media(8))) == []  # too late


def test_each_epoch_begins_anew_whatever_its_number() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(9), media(5, 9))
    begun = taken(sequencer, epoch(3), media(0, 3), media(1, 3))
    assert begun == [epoch(3), media(0, 3), media(1, 3)]
    # What of the former is still on its way, on the other way, is nothing any more.
    assert taken(sequencer, epoch(9), media(6, 9), media(10, 9)) == []
    assert taken(sequencer, epoch(3)) == []
    assert not sequencer.behind


def test_packets_that_are_quicker_than_their_epoch() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5))
    assert taken(sequencer, media(1, 2), media(0, 2), media(2, 2)) == []
    assert sequencer.behind
    assert numbers(taken(sequencer, epoch(2))) == [0, 1, 2]


def test_what_is_no_packet_passes() -> None:
    note = Note(5, "{}")
    assert taken(Sequencer(), note, note) == [note, note]


def test_what_waits_is_bounded() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5))
    for sequence in range(7, 7 + 3 * MAX_WAITING):
        if sequence % GOP:
            sequencer.take(media(sequence))
    assert len(sequencer._waiting) <= MAX_WAITING
    for sequence in (11, 12, 13):
        sequencer.take(media(sequence, size=module.MAX_WAITING_BYTES // 2))
    assert len(sequencer._waiting) <= 2
    assert sequencer.behind


@given(st.data())
def test_any_two_ways_make_one_order(data: st.DataObject) -> None:
    """The live way loses packets; the other brings the newest GOP again, at any moment."""
    sequencer = Sequencer()
    given_out: list[int] = []
    asked: list[list[Message]] = []
    maybe = st.booleans()
    for sequence in range(40):
        if data.draw(maybe):
            given_out += numbers(sequencer.take(media(sequence)))
        if data.draw(st.integers(0, 4)) == 0:
            keyframe = sequence // GOP * GOP
            asked.append([epoch(1), *map(media, range(keyframe, sequence + 1))])
        if data.draw(maybe) and asked:
            given_out += numbers(taken(sequencer, *asked.pop(0)))
    for before, after in pairwise(given_out):
        assert after == before + 1 or (after > before and after % GOP == 0)
    assert given_out[:1] == [] or given_out[0] % GOP == 0
    assert sequencer.gaps == sum(after != before + 1 for before, after in pairwise(given_out))
    # With all since the newest keyframe, nothing is missing.
    given_out += numbers(taken(sequencer, epoch(1), *map(media, range(35, 40))))
    assert given_out[-1] == 39
    assert not sequencer.behind
