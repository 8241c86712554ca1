"""Two transport streams become one: whoever reads it gets pictures and sound by one clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import Busy, FormatError
from televise.formats.mpegts import (
    AUDIO_ID,
    CLOCK_HZ,
    MPEG1_AUDIO,
    MPEG1_VIDEO,
    PACKET_BYTES,
    VIDEO_ID,
    Multiplexer,
    Pid,
    Unit,
)
from televise.formats.transport_join import MOST_APART_SECONDS, TransportJoin
from televise.formats.transport_packet import difference, moved, pid_of, time_of
from televise.formats.transport_program import MAX_STRANGE_BYTES
from televise.formats.transport_sections import TransportSections
from televise.formats.transport_table import PMT_PID, make_pmt
from tests.formats.transport_senders import (
    BLOCK_SECONDS,
    PICTURE,
    PICTURE_SECONDS,
    SOUND,
    Sender,
    Senders,
)
from tests.formats.ts_reader import read

TICKS = st.integers(0, (1 << 33) - 1)
WRAP_SECONDS = (1 << 33) / CLOCK_HZ


def sections(data: bytes) -> list[bytes]:
    """What readers begin anew with."""
    cutter, found = TransportSections(), [b""]
    found[-1] += cutter.feed(data)
    while cutter.cut:
        found.append(cutter.resume())
    return found


def kinds(data: bytes) -> list[set[int]]:
    """Of each section, the kinds of streams (stream_id) of which it has something."""
    return [{pes.stream_id for pes in read(section).pes} for section in sections(data)]


def off(one: float, other: float) -> float:
    """How far apart two times are, which wrap around."""
    return abs((one - other + WRAP_SECONDS / 2) % WRAP_SECONDS - WRAP_SECONDS / 2)


def test_one_alone_goes_through_with_its_own_times() -> None:
    """And none of it is held back."""
    video = Sender(MPEG1_VIDEO, begin=12345)
    senders = Senders()
    senders.add(video)
    given = read(senders.run(3))
    again = Sender(MPEG1_VIDEO, begin=12345)
    sent = read(b"".join(again.next()[1] for _ in range(video.number)))
    assert [(pes.dts, pes.data) for pes in given.pes] == [(pes.dts, pes.data) for pes in sent.pes]
    # The first reading of the clock stands before the first picture.
    assert [time for _, time in given.clock] == [time for _, time in sent.clock[1:]]
    assert given.errors == []


def test_pictures_and_sound_of_one_go_through() -> None:
    multiplexer, join = Multiplexer([MPEG1_VIDEO, MPEG1_AUDIO], 0), TransportJoin()
    units = [(0, PICTURE, True), (1, SOUND, False), (0, PICTURE, False), (1, SOUND, False)]
    data = b"".join(
        multiplexer.mux(stream, Unit(content, time, time, keyframe))
        for time, (stream, content, keyframe) in enumerate(units)
    )
    found = read(join.feed(join.enter(), data, 5))
    assert [pes.data for pes in found.pes] == [content for _, content, _ in units]
    with pytest.raises(Busy):
        join.enter()


@pytest.mark.parametrize("order", [(MPEG1_VIDEO, MPEG1_AUDIO), (MPEG1_AUDIO, MPEG1_VIDEO)])
@given(begin=st.tuples(TICKS, TICKS), later=st.floats(0, 5), origin=st.floats(0, 1e6))
def test_both_are_on_one_clock(
    order: tuple[int, int], begin: tuple[int, int], later: float, origin: float
) -> None:
    """Whatever their own clocks say, and even where those wrap around: what comes together has
    the same time. A block of sound comes when it ends."""
    senders = Senders()
    senders.add(Sender(order[0], begin[0], origin))
    senders.run(origin + later)
    senders.add(Sender(order[1], begin[1], origin + later))
    senders.run(origin + later + 4)
    since = origin + later + 2
    pictures, sounds = (senders.late(each, since) for each in (VIDEO_ID, AUDIO_ID))
    assert pictures
    assert sounds
    apart = [off(one + BLOCK_SECONDS, other) for one in pictures for other in sounds]
    assert max(apart) < 0.001


@pytest.mark.parametrize("order", [(MPEG1_VIDEO, MPEG1_AUDIO), (MPEG1_AUDIO, MPEG1_VIDEO)])
def test_a_reader_begins_anew_when_one_comes_and_goes_and_comes_back(
    order: tuple[int, int],
) -> None:
    first, second = Sender(order[0], 7), Sender(order[1], 1 << 32, 2)
    ids = [VIDEO_ID if each == MPEG1_VIDEO else AUDIO_ID for each in order]
    senders = Senders()
    senders.add(first)
    senders.run(2)
    senders.add(second)
    senders.run(6)
    senders.remove(second)
    senders.run(8)
    senders.add(Sender(order[1], 99, 8))
    senders.run(12)
    assert kinds(senders.out) == [{ids[0]}, set(ids), {ids[0]}, set(ids)]
    for each in sections(senders.out):
        found = read(each)
        assert found.errors == []
        if VIDEO_ID in {pes.stream_id for pes in found.pes}:
            assert next(pes for pes in found.pes if pes.stream_id == VIDEO_ID).random_access
    assert min(len(read(section).pes) for section in sections(senders.out)) > 10


def test_the_first_goes_and_comes_back() -> None:
    """Then its times are moved, and those of the other stay."""
    video, audio = Sender(MPEG1_VIDEO, 7), Sender(MPEG1_AUDIO, 1 << 32, 1)
    senders = Senders()
    senders.add(video)
    senders.add(audio)
    senders.run(4)
    senders.remove(video)
    senders.run(6)
    senders.add(Sender(MPEG1_VIDEO, 1 << 31, 6))
    senders.run(10)
    assert kinds(senders.out) == [
        {VIDEO_ID},
        {VIDEO_ID, AUDIO_ID},
        {AUDIO_ID},
        {VIDEO_ID, AUDIO_ID},
    ]
    sounds = senders.late(AUDIO_ID, 3)
    pictures = senders.late(VIDEO_ID, 8)
    assert max(sounds) - min(sounds) < 0.001
    assert max(off(one + BLOCK_SECONDS, sounds[0]) for one in pictures) < 0.001


@pytest.mark.parametrize("speed", [0.9, 0.998, 1.05])
def test_clocks_that_go_apart_are_put_together_again(speed: float) -> None:
    senders = Senders()
    senders.add(Sender(MPEG1_VIDEO))
    senders.add(Sender(MPEG1_AUDIO, speed=speed))
    senders.run(60)
    pictures, sounds = (
        {
            round(now): now - pes.dts / CLOCK_HZ
            for now, pes in senders.given
            if pes.stream_id == each
        }
        for each in (VIDEO_ID, AUDIO_ID)
    )
    # Noticed after two windows, and then at the next keyframe.
    worst = MOST_APART_SECONDS + abs(speed - 1) * 12 + BLOCK_SECONDS * 2 + PICTURE_SECONDS
    both = [second for second in pictures if second in sounds]
    assert max(off(pictures[second], sounds[second]) for second in both) < worst
    assert len(both) > 50


def test_what_has_waited_does_not_count() -> None:
    """A sender begins with what a slow network has held back."""
    senders = Senders()
    senders.add(Sender(MPEG1_VIDEO))
    senders.run(2)
    audio = Sender(MPEG1_AUDIO, came=2)
    part = senders.join.enter()
    held = b"".join(audio.next()[1] for _ in range(3))
    assert read(senders.join.feed(part, held, 2.4)).pes == []
    senders.parts[0] = audio, part
    senders.run(6)
    pictures, sounds = senders.late(VIDEO_ID, 4), senders.late(AUDIO_ID, 4)
    assert off(pictures[0] + BLOCK_SECONDS, sounds[0]) < 0.001


@pytest.mark.parametrize("type", [MPEG1_VIDEO, MPEG1_AUDIO])
def test_two_of_the_same_are_refused(type: int) -> None:
    senders = Senders()
    first = Sender(type)
    senders.add(first)
    senders.run(1)
    senders.add(Sender(type, came=1))
    with pytest.raises(Busy, match=r"somebody sends (pictures|sound) already"):
        senders.run(2)


def test_a_third_is_refused() -> None:
    join = TransportJoin()
    parts = [join.enter(), join.enter()]
    with pytest.raises(Busy):
        join.enter()
    join.leave(parts[0])
    join.enter()


@given(st.binary(max_size=400), st.booleans())
def test_rubbish_of_one_harms_no_other(noise: bytes, packed: bool) -> None:
    """Whether it looks like packets or not."""
    senders = Senders()
    senders.add(Sender(MPEG1_VIDEO))
    senders.run(1)
    part = senders.join.enter()
    if packed:
        noise = b"".join(b"G" + noise[at : at + 187].ljust(187) for at in range(0, len(noise), 187))
    assert senders.join.feed(part, noise, 1) == b""
    senders.join.leave(part)
    senders.run(3)
    assert kinds(senders.out) == [{VIDEO_ID}]
    assert read(senders.out).errors == []
    assert len(read(senders.out).pes) == round(3 / PICTURE_SECONDS)


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (b"FLV\x01\x05\0\0\0\x09", "this is no MPEG-TS: it looks like FLV"),
        (b"", "there are neither pictures nor sound of MPEG-TS in it"),
    ],
)
def test_rubbish_comes_to_an_end(begin: bytes, words: str) -> None:
    join = TransportJoin()
    part = join.enter()
    with pytest.raises(FormatError, match=words):
        join.feed(part, begin + bytes(MAX_STRANGE_BYTES + PACKET_BYTES), 0)


def test_sound_that_is_none_is_refused() -> None:
    """Before a reader gets it, which would end for both."""
    senders = Senders()
    senders.add(Sender(MPEG1_VIDEO))
    senders.run(1)
    part = senders.join.enter()
    junk = Multiplexer([MPEG1_AUDIO], 0).mux(0, Unit(b"junk" * 99, 0, 0, True))
    with pytest.raises(FormatError, match="its sound cannot be that: type 0x03"):
        senders.join.feed(part, junk, 1)


@given(st.data())
def test_how_it_comes_makes_no_difference(data: st.DataObject) -> None:
    video, audio = Sender(MPEG1_VIDEO), Sender(MPEG1_AUDIO, 1 << 30)
    whole, cut = Senders(), Senders()
    for senders in (whole, cut):
        senders.add(video), senders.add(audio)
    parts = list(whole.parts.values()), list(cut.parts.values())
    for _ in range(60):
        number = 0 if video.due <= audio.due else 1
        now, sent = (video, audio)[number].next()
        whole.out += whole.join.feed(parts[0][number][1], sent, now)
        place = data.draw(st.integers(0, len(sent)))
        for piece in (sent[:place], sent[place:]):
            cut.out += cut.join.feed(parts[1][number][1], piece, now)
    assert whole.out == cut.out
    assert len(sections(whole.out)) == 2


def test_tables_come_again() -> None:
    """For a reader that begins in the middle."""
    senders = Senders()
    senders.add(Sender(MPEG1_VIDEO))
    found = read(senders.run(4))
    assert [pid for pid, _ in found.sections] == [0, 0x1000] * (len(found.sections) // 2)
    assert len(found.sections) >= 2 * 4 / 0.5


@given(TICKS, TICKS, st.integers(0x20, 0x1FFE))
def test_times_are_moved_and_nothing_else(begin: int, ticks: int, pid: int) -> None:
    sent = Multiplexer([MPEG1_VIDEO], 0).mux(0, Unit(PICTURE, begin + 3, begin, True))
    for start in range(0, len(sent), PACKET_BYTES):
        packet = sent[start : start + PACKET_BYTES]
        after = moved(packet, pid, ticks)
        assert pid_of(after) == pid
        assert moved(after, pid_of(packet), -ticks) == packet
        if (time := time_of(packet)) is not None:
            now = time_of(after)
            assert now is not None
            assert difference(now, time) == difference(ticks, 0)
    was, is_now = read(sent), read(moved_all(sent, ticks))
    for one, other in zip(was.pes, is_now.pes, strict=True):
        assert (other.pts - other.dts) % (1 << 33) == 3
        assert (other.pts - one.pts - ticks) % (1 << 33) == 0
        assert other.data == one.data
    for (_, early), (_, late) in zip(was.clock, is_now.clock, strict=True):
        assert (late // 300 - early // 300 - ticks) % (1 << 33) == 0
        assert late % 300 == early % 300


def moved_all(data: bytes, ticks: int) -> bytes:
    packets = [data[start : start + PACKET_BYTES] for start in range(0, len(data), PACKET_BYTES)]
    return b"".join(
        moved(each, pid_of(each), ticks if pid_of(each) == 0x100 else 0) for each in packets
    )


def test_a_table_that_takes_all_streams_away_ends_nothing() -> None:
    """Its packets come in one piece with those of the streams that there were."""
    sender, join = Sender(MPEG1_VIDEO), TransportJoin()
    part = join.enter()
    (_, first), (_, second), (_, third) = sender.next(), sender.next(), sender.next()
    empty = Pid(PMT_PID).section(make_pmt([], 0x1FFF, 1), True)
    assert join.feed(part, first, 0.0)
    assert join.feed(part, second + empty + third, 0.1) == b""
    assert part.kinds == set()
    assert join.feed(part, first, 0.2)
