import io
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import LocalError
from televise.formats.mpegts import AAC, H264, MPEG1_AUDIO, MPEG1_VIDEO, Multiplexer, Unit
from televise.formats.transport_table import crc32
from tests.formats.ts_reader import packets, read
from tests.formats.witness import golden

ZERO, CLOCK_ZERO = 90_000, 63_000  # the clock is 0.3 s behind
VIDEO, AUDIO = 0x100, 0x101


def picture(number: int, size: int = 100, keyframe: bool = False, ticks: int = 3600) -> Unit:
    return Unit(bytes((number % 256,)) * size, number * ticks, number * ticks, keyframe)


def test_golden_keyframe_and_sound() -> None:
    multiplexer = Multiplexer([MPEG1_VIDEO, MPEG1_AUDIO], 3)
    assert multiplexer.mux(0, Unit(b"picture", 90000, 86400, True)) == golden("mpegts_keyframe")
    assert multiplexer.mux(1, Unit(b"sound", 91000, 91000, False)) == golden("mpegts_sound")


def test_the_tables_name_the_streams() -> None:
    for kinds in ([MPEG1_VIDEO, MPEG1_AUDIO], [H264, AAC], [AAC]):
        found = read(Multiplexer(kinds, 33).mux(0, picture(0, keyframe=True)))
        (pat_pid, pat), (pmt_pid, pmt) = found.sections
        assert (pat_pid, pmt_pid) == (0, 0x1000)
        assert pat[8:12] == bytes.fromhex("0001f000"), "program 1 at PID 1000"
        assert pmt[5] >> 1 & 31 == 1, "the version, modulo 32"
        streams = [
            (pmt[at], (pmt[at + 1] & 31) << 8 | pmt[at + 2]) for at in range(12, len(pmt) - 4, 5)
        ]
        assert streams == [(kind, VIDEO + number) for number, kind in enumerate(kinds)]
        assert (pmt[8] & 31) << 8 | pmt[9] == VIDEO, "PCR_PID"


def test_the_checksum_is_the_one_of_ffmpeg() -> None:
    output = io.BytesIO()
    with av.open(output, "w", "mpegts") as container:
        stream = container.add_stream("mp2", 48000)
        stream.layout = "mono"
        frame = av.AudioFrame("s16", "mono", 1152)
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    theirs = [
        each.payload[1 : 4 + (each.payload[3])]
        for each in packets(output.getvalue())
        if each.pid in (0, 0x1000)
    ]
    ours = [
        section
        for _, section in read(Multiplexer([AAC], 0).mux(0, picture(0, keyframe=True))).sections
    ]
    assert len(theirs) >= 2
    assert [crc32(section) for section in theirs + ours] == [0] * len(theirs + ours)


@given(st.integers(1, 1500) | st.integers(65300, 66000), st.booleans(), st.booleans())
def test_every_size_comes_out_as_it_went_in(size: int, keyframe: bool, reordered: bool) -> None:
    multiplexer = Multiplexer([MPEG1_VIDEO], 0)
    unit = Unit(bytes(size), 7200, 3600 if reordered else 7200, keyframe)
    found = read(multiplexer.mux(0, unit) + multiplexer.mux(0, unit))
    assert not found.errors
    for pes in found.pes:
        assert pes.data == unit.data
        assert (pes.pts, pes.dts) == (unit.pts + ZERO, unit.dts + ZERO)
        assert pes.length or pes.padded, "a player must see where it ends without the next one"
        assert pes.random_access == keyframe


def test_sound_has_a_limit() -> None:
    with pytest.raises(LocalError, match="65535"):
        Multiplexer([AAC], 0).mux(0, Unit(bytes(65535), 0, 0, False))
    with pytest.raises(LocalError, match="at least one stream"):
        Multiplexer([], 0)


@given(st.integers(0, 1 << 40))
def test_times_wrap_at_33_bits(ticks: int) -> None:
    found = read(Multiplexer([H264], 0).mux(0, Unit(b"x", ticks + 1800, ticks, True)))
    (pes,) = found.pes
    assert (pes.pts, pes.dts) == ((ticks + 1800 + ZERO) % (1 << 33), (ticks + ZERO) % (1 << 33))
    assert {clock for _, clock in found.clock} == {(ticks + CLOCK_ZERO) % (1 << 33) * 300}


def test_the_clock_is_read_often_enough_and_before_anything_is_due() -> None:
    for rate in (60, 25, 11, 5, 2):
        multiplexer = Multiplexer([AAC, H264], 0)
        units = [picture(number, keyframe=number == 0, ticks=90000 // rate) for number in range(20)]
        found = read(b"".join(multiplexer.mux(1, unit) for unit in units))
        assert {pid for pid, _ in found.clock} == {AUDIO}, "that of the pictures"
        clock = [ticks / 27e6 for _, ticks in found.clock]
        assert all(0 <= after - before <= 0.1 for before, after in pairwise(clock))
        assert all(pes.pcr is not None and pes.dts * 300 > pes.pcr for pes in found.pes)


def test_a_long_pause_is_not_filled() -> None:
    multiplexer = Multiplexer([H264], 0)
    pieces = [multiplexer.mux(0, Unit(b"x", ticks, ticks, not ticks)) for ticks in (0, 10**9)]
    assert len(read(pieces[1]).clock) == 1


def test_the_tables_are_repeated() -> None:
    multiplexer = Multiplexer([MPEG1_VIDEO, MPEG1_AUDIO], 0)
    times = []
    for number in range(200):
        if read(multiplexer.mux(0, picture(number, keyframe=number % 75 == 0))).sections:
            times.append(number / 25)
    assert all(after - before <= 0.5 for before, after in pairwise(times))
    assert {0.0, 3.0, 6.0} <= set(times)


@given(st.data())
def test_counters_are_right_whoever_misses_what(data: st.DataObject) -> None:
    """A viewer has a part of the units, and then goes on at any later keyframe."""
    multiplexer = Multiplexer([MPEG1_VIDEO, MPEG1_AUDIO], 0)
    chunks: list[bytes] = []
    keyframes: list[int] = []
    for number in range(40):
        if keyframe := number % 10 == 0:
            keyframes.append(len(chunks))
        size = data.draw(st.integers(1, 1000))
        chunks.append(multiplexer.mux(0, picture(number, size, keyframe)))
        if data.draw(st.booleans()):
            chunks.append(multiplexer.mux(1, picture(number, 300)))
    assert not read(b"".join(chunks)).errors
    begin, again = sorted(data.draw(st.lists(st.sampled_from(keyframes), min_size=2, max_size=2)))
    end = data.draw(st.integers(begin, again))
    seen = chunks[begin:end] + chunks[again:]
    assert not read(b"".join(seen)).errors


def test_without_the_indicator_a_skip_would_be_an_error() -> None:
    """The reader above does look."""
    multiplexer = Multiplexer([MPEG1_VIDEO], 0)
    chunks = [multiplexer.mux(0, picture(number, keyframe=number == 0)) for number in range(9)]
    assert read(chunks[0] + chunks[3]).errors


def test_nothing_but_the_indicator_tells_a_keyframe_from_its_past() -> None:
    """For who missed nothing the counters go on, and so does the clock."""
    multiplexer = Multiplexer([MPEG1_VIDEO, MPEG1_AUDIO], 0)
    chunks = [multiplexer.mux(n % 2, picture(n, 700, n % 10 == 0)) for n in range(60)]
    last: dict[int, int] = {}
    for each in packets(b"".join(chunks)):
        expected = last.get(each.pid, each.counter - bool(each.payload)) + bool(each.payload)
        assert each.counter == expected & 15
        last[each.pid] = each.counter
        assert each.discontinuity <= (not each.payload or each.pid in (0, 0x1000))
