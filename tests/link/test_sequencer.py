"""Two ways for packets, and one order: it begins with a keyframe and has no hole."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.link import sequencer as module
from televise.link.messages import Epoch, Media, Message, Note
from televise.link.sequencer import MAX_AHEAD, MAX_WAITING, Sequencer
from televise.model.packet import Packet
from televise.model.track import Track

VIDEO = (Track("video", "h264", 90_000),)
GOP = 5


def media(sequence: int, epoch: int = 1, size: int = 1) -> Media:
    """Every fifth one is a keyframe: 0, 5, 10 ..."""
    data, keyframe = bytes(size), sequence % GOP == 0
    return Media(1, Packet(0, epoch, sequence, data, 0, 0, 1, keyframe, 0, float(sequence)))


def epoch(number: int, before: int = 0) -> Epoch:
    return Epoch(1, number, VIDEO, before)


def numbers(messages: list[Message]) -> list[int]:
    return [each.packet.sequence for each in messages if isinstance(each, Media)]


def taken(sequencer: Sequencer, *messages: Message) -> list[Message]:
    """What comes live."""
    return [each for message in messages for each in sequencer.take(message)]


def answered(sequencer: Sequencer, *messages: Message) -> list[Message]:
    """What was asked for."""
    return [each for message in messages for each in sequencer.take(message, answer=True)]


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
    assert numbers(answered(sequencer, epoch(1), media(5), media(6))) == [5, 6, 7, 8]
    assert not sequencer.behind
    assert numbers(taken(sequencer, media(7), media(9))) == [9]


def test_what_is_missing_is_waited_for() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5), media(6))
    assert taken(sequencer, media(8), media(9)) == []
    assert sequencer.behind
    # Asked again, all since the keyframe comes.
    again = answered(sequencer, epoch(1), media(5), media(6), media(7))
    assert numbers(again) == [7, 8, 9]
    assert (sequencer.behind, sequencer.gaps) == (False, 0)


def test_a_keyframe_ends_a_gap() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5), media(6))
    assert numbers(taken(sequencer, media(8), media(9), media(10), media(11))) == [10, 11]
    assert (sequencer.behind, sequencer.gaps) == (False, 1)
    assert numbers(answered(sequencer, media(7), media(8))) == []  # too late


def test_each_epoch_begins_anew_whatever_its_number() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(9), media(5, 9))
    begun = taken(sequencer, epoch(3), media(0, 3), media(1, 3))
    assert begun == [epoch(3), media(0, 3), media(1, 3)]
    # What of the former is still on its way, on the other way, is nothing any more.
    assert answered(sequencer, epoch(9), media(6, 9), media(10, 9)) == []
    assert answered(sequencer, epoch(3)) == []
    assert not sequencer.behind


def test_packets_that_are_quicker_than_their_epoch() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5))
    assert taken(sequencer, media(1, 2), media(0, 2), media(2, 2)) == []
    assert sequencer.behind
    assert numbers(taken(sequencer, epoch(2))) == [0, 1, 2]


def test_an_epoch_that_was_over_goes_on() -> None:
    """One hub before us took something smaller for a while, or the same from another encoder."""
    sequencer = Sequencer()
    taken(sequencer, epoch(7), media(5, 7), media(6, 7))
    former = epoch(9, before=7), media(0, 9), media(1, 9)
    assert taken(sequencer, *former) == [*former]
    again = epoch(7, before=9), media(20, 7), media(21, 7)
    assert taken(sequencer, *again) == [*again]
    # What is late, and was said of them before, changes nothing.
    assert answered(sequencer, *former, epoch(7), media(5, 7)) == []
    assert not sequencer.behind
    third = replace(epoch(9, before=7), last=21, first=30), media(30, 9)
    assert taken(sequencer, *third) == [*third]
    assert answered(sequencer, *again) == []
    assert numbers(taken(sequencer, media(31, 9))) == [31]
    assert (sequencer.behind, sequencer.gaps, sequencer.strays) == (False, 0, 0)


def test_an_epoch_that_was_over_goes_on_as_the_sender_says_when_asked() -> None:
    """It does not know what came before, as all who took it had left."""
    sequencer = Sequencer()
    taken(sequencer, epoch(7), media(5, 7), epoch(9, before=7), media(0, 9))
    assert taken(sequencer, epoch(7), media(20, 7)) == []
    assert sequencer.behind
    asked = epoch(7), media(20, 7), media(21, 7)
    assert answered(sequencer, *asked) == [*asked]
    assert not sequencer.behind


@pytest.mark.parametrize("ahead", [MAX_AHEAD + 10, 1 << 40])
@pytest.mark.parametrize("number", [1, 2])
def test_a_stranger_who_says_something_is_not_followed(number: int, ahead: int) -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), *map(media, range(5, 8)))
    keyframe = ahead - ahead % GOP
    forged = media(keyframe, number), media(keyframe + 1, number)
    assert taken(sequencer, *forged) == []
    assert sequencer.behind
    genuine = [*map(media, range(8, 50))]
    assert taken(sequencer, *genuine) == genuine
    assert (sequencer.behind, sequencer.gaps, sequencer.strays) == (False, 0, 2)


def test_an_epoch_that_a_stranger_begins_is_left() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), *map(media, range(5, 8)))
    taken(sequencer, epoch(2, before=1), media(0, 2))
    assert taken(sequencer, media(8)) == []
    assert sequencer.behind
    asked: list[Message] = [epoch(1), *map(media, range(5, 9))]
    assert answered(sequencer, *asked) == asked
    assert numbers(taken(sequencer, media(9))) == [9]
    assert not sequencer.behind


def test_who_has_heard_nothing_for_minutes_goes_on_where_the_others_are() -> None:
    sequencer = Sequencer()
    taken(sequencer, epoch(1), media(5), media(6))
    now = 5 + 600 * 170
    assert taken(sequencer, media(now), media(now + 1)) == []
    assert sequencer.behind
    # All since the newest keyframe, which has come live already.
    assert numbers(answered(sequencer, epoch(1), media(now))) == [now, now + 1]
    assert numbers(taken(sequencer, media(now + 2))) == [now + 2]
    assert (sequencer.behind, sequencer.gaps, sequencer.strays) == (False, 1, 0)


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
            given_out += numbers(answered(sequencer, *asked.pop(0)))
    for before, after in pairwise(given_out):
        assert after == before + 1 or (after > before and after % GOP == 0)
    assert given_out[:1] == [] or given_out[0] % GOP == 0
    assert sequencer.gaps == sum(after != before + 1 for before, after in pairwise(given_out))
    # With all since the newest keyframe, nothing is missing.
    given_out += numbers(answered(sequencer, epoch(1), *map(media, range(35, 40))))
    assert given_out[-1] == 39
    assert not sequencer.behind
