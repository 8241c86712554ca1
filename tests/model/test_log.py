"""The log's bounds, and the one rule of loss: who falls behind resumes at the newest keyframe."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.model.log import Cursor, Log

MAX_BYTES = 100
MAX_SECONDS = 2.0
AMPLE = 1 << 20


@dataclass(frozen=True)
class Unit:
    """What these tests put into a log; ``number`` is the position that it must get."""

    number: int
    data: bytes
    keyframe: bool
    seconds: float


# What a writer does: (keyframe, bytes, seconds since the last one).
Step = tuple[bool, int, float]
GAPS = (0.0, 0.04, 0.25, 1.0, 3.0)
STEP: st.SearchStrategy[Step] = st.tuples(
    st.booleans(), st.integers(0, 40), st.sampled_from(GAPS)
) | st.tuples(st.just(True), st.integers(0, 40), st.sampled_from((-0.1, -5.0)))
STEPS = st.lists(STEP, max_size=60)
# A reader's turns are numbers: how often it reads.
TURNS = st.lists(STEP | st.integers(1, 5), max_size=80)
LATENCY = st.sampled_from([0.0, 0.1, 0.5, 2.0, 100.0])


class Writer:
    """Appends to a log and keeps, without end, what the log accepted."""

    def __init__(self, log: Log[Unit]) -> None:
        self.log = log
        self.accepted: list[Unit] = []
        self.seconds = 0.0

    def write(self, step: Step) -> bool:
        keyframe, size, gap = step
        self.seconds += gap
        unit = Unit(len(self.accepted), b"x" * size, keyframe, self.seconds)
        accepted = self.log.append(unit)
        if accepted:
            self.accepted.append(unit)
        return accepted

    def write_all(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.write(step)


def writer(max_seconds: float = MAX_SECONDS, max_bytes: int = MAX_BYTES) -> Writer:
    return Writer(Log(max_seconds, max_bytes))


def kept(log: Log[Unit]) -> list[Unit]:
    return [log[position] for position in range(log.first, log.end)]


def gop(frames: int, size: int = 1, gap: float = 0.1) -> list[Step]:
    return [(number == 0, size, gap) for number in range(frames)]


class Expected:
    """Says, from the words of Log's docstring alone, what a log of these bounds keeps."""

    def __init__(self) -> None:
        self.units: list[Unit] = []

    def add(self, unit: Unit) -> list[Unit]:
        keyframes = [each.seconds for each in self.units if each.keyframe]
        if unit.keyframe and keyframes and unit.seconds < keyframes[-1]:
            self.units = []
        self.units.append(unit)
        starts = [index for index, unit in enumerate(self.units) if unit.keyframe]
        kept = next(
            (
                self.units[start:]
                for start in starts
                if start == starts[-1] or self._fits(self.units[start:])
            ),
            [],
        )
        self.units = kept if sum(len(unit.data) for unit in kept) <= MAX_BYTES else []
        return self.units

    @staticmethod
    def _fits(units: list[Unit]) -> bool:
        size = sum(len(unit.data) for unit in units)
        return size <= MAX_BYTES and units[-1].seconds - units[0].seconds <= MAX_SECONDS


@given(STEPS)
def test_keeps_the_newest_gops_within_its_bounds(steps: list[Step]) -> None:
    source, expected = writer(), Expected()
    log = source.log
    for step in steps:
        joinable = log.newest_keyframe is not None
        assert source.write(step) == (step[0] or joinable)
        if step[0] or joinable:
            assert kept(log) == expected.add(source.accepted[-1])


@given(STEPS)
def test_memory_is_bounded_by_bytes_while_a_reader_never_reads(steps: list[Step]) -> None:
    source = writer()
    reader = Cursor(source.log, 0.5)
    for step in steps:
        source.write(step)
        assert source.log.bytes == sum(len(unit.data) for unit in kept(source.log)) <= MAX_BYTES
    assert reader.position == 0
    assert reader.skipped == 0


@given(STEPS)
def test_memory_is_bounded_by_seconds_beyond_the_newest_gop(steps: list[Step]) -> None:
    source = writer()
    for step in steps:
        source.write(step)
        units = kept(source.log)
        if sum(unit.keyframe for unit in units) > 1:
            assert units[-1].seconds - units[0].seconds <= MAX_SECONDS


@given(STEPS)
def test_positions_only_go_up(steps: list[Step]) -> None:
    source = writer()
    log = source.log
    for step in steps:
        first, end = log.first, log.end
        accepted = source.write(step)
        assert log.end == end + accepted == len(source.accepted)
        assert first <= log.first <= log.end
        assert [unit.number for unit in kept(log)] == list(range(log.first, log.end))


@given(STEPS)
def test_begins_with_a_keyframe_and_knows_the_newest(steps: list[Step]) -> None:
    source = writer()
    for step in steps:
        source.write(step)
        units = kept(source.log)
        keyframes = [unit.number for unit in units if unit.keyframe]
        assert source.log.newest is (units[-1] if units else None)
        assert source.log.newest_keyframe == (keyframes[-1] if keyframes else None)
        assert not units or units[0].keyframe


def test_refuses_what_nobody_could_decode() -> None:
    source = writer()
    assert not source.write((False, 1, 0.1))
    assert source.log.end == 0
    assert source.write((True, 1, 0.1))
    assert source.write((False, 1, 0.1))


def test_an_endless_gop_is_kept_by_seconds_but_not_by_bytes() -> None:
    source = writer()
    source.write_all(gop(100, size=1, gap=1.0))
    assert len(kept(source.log)) == 100
    source.write((False, 1, 1.0))
    assert kept(source.log) == []
    assert not source.write((False, 1, 1.0))
    assert source.write((True, 1, 1.0))


def test_a_single_unit_above_the_limit_takes_nothing_else_with_it_but_time() -> None:
    source = writer()
    source.write_all([*gop(3), (True, MAX_BYTES + 1, 0.1), *gop(2)])
    assert [unit.number for unit in kept(source.log)] == [4, 5]


@pytest.mark.parametrize("position", [-1, 2, 6])
def test_has_nothing_outside_its_bounds(position: int) -> None:
    source = writer()
    source.write_all([*gop(3), (True, 98, 0.1), *gop(2)])
    assert (source.log.first, source.log.end) == (3, 6)
    with pytest.raises(IndexError):
        source.log[position]


def test_positions_go_on_after_clear() -> None:
    source = writer()
    source.write_all(gop(3))
    source.log.clear()
    assert (source.log.first, source.log.end, source.log.bytes) == (3, 3, 0)
    assert source.log.newest is None
    assert source.log.newest_keyframe is None
    source.write_all(gop(1))
    assert source.log[3].number == 3


@given(STEPS, LATENCY)
def test_a_reader_joins_at_the_newest_keyframe(steps: list[Step], latency: float) -> None:
    source = writer()
    source.write_all(steps)
    keyframe = source.log.newest_keyframe
    reader = Cursor(source.log, latency)
    assert reader.read() == (None if keyframe is None else source.accepted[keyframe])
    assert reader.skipped == 0


@given(STEPS)
def test_a_reader_of_an_empty_log_begins_at_the_first_keyframe(steps: list[Step]) -> None:
    source = writer(max_bytes=AMPLE)
    reader = Cursor(source.log, 100.0)
    assert reader.read() is None
    source.write_all([*steps, (True, 1, 0.1)])
    unit = reader.read()
    assert unit is not None
    assert unit.keyframe


@given(STEPS, LATENCY)
def test_a_fast_reader_loses_nothing(steps: list[Step], latency: float) -> None:
    source = writer(max_bytes=AMPLE)
    reader = Cursor(source.log, latency)
    delivered = []
    for step in steps:
        if source.write(step):
            delivered.append(reader.read())
        assert reader.read() is None
    assert delivered == source.accepted
    assert reader.skipped == 0


@given(TURNS, LATENCY, st.sampled_from([MAX_BYTES, AMPLE]))
def test_every_unit_is_delivered_or_counted(
    turns: list[Step | int], latency: float, max_bytes: int
) -> None:
    source = writer(max_bytes=max_bytes)
    reader = Cursor(source.log, latency)
    delivered = 0
    for turn in [*turns, 100]:
        if not isinstance(turn, int):
            source.write(turn)
            continue
        for _ in range(turn):
            before = reader.skipped
            unit = reader.read()
            if unit is not None:
                delivered += 1
                assert unit is source.accepted[unit.number]
                assert unit.keyframe or reader.skipped == before
            assert reader.position == delivered + reader.skipped
            assert unit is None or reader.position == unit.number + 1
    assert reader.position == delivered + reader.skipped == len(source.accepted)


@given(TURNS, LATENCY)
def test_skips_only_where_it_must_and_then_to_the_newest_keyframe(
    turns: list[Step | int], latency: float
) -> None:
    source = writer()
    log, reader = source.log, Cursor(source.log, latency)
    for turn in turns:
        if not isinstance(turn, int):
            source.write(turn)
            continue
        for _ in range(turn):
            position, late = reader.position, reader.lag > latency
            forgotten = position < log.first
            newest = log.end if log.newest_keyframe is None else log.newest_keyframe
            unit = reader.read()
            goal = max(position, newest) if late or forgotten else position
            assert unit == (source.accepted[goal] if goal < log.end else None)


@given(TURNS, LATENCY)
def test_lag_is_the_media_time_that_waits(turns: list[Step | int], latency: float) -> None:
    source = writer()
    log, reader = source.log, Cursor(source.log, latency)
    for turn in turns:
        if isinstance(turn, int):
            reader.read()
        else:
            source.write(turn)
        waiting = kept(log)[max(0, reader.position - log.first) :]
        assert reader.lag == (waiting[-1].seconds - waiting[0].seconds if waiting else 0.0)


def test_a_slow_reader_resumes_at_the_newest_keyframe() -> None:
    source = writer(max_seconds=100.0)
    reader = Cursor(source.log, 0.45)
    source.write_all(gop(4))
    assert reader.read() is source.accepted[0]
    source.write_all(gop(4))
    assert reader.lag == pytest.approx(0.6)
    assert reader.read() is source.accepted[4]
    assert reader.skipped == 3


def test_a_late_reader_of_the_newest_gop_goes_on() -> None:
    source = writer()
    reader = Cursor(source.log, 0.25)
    source.write_all(gop(10))
    assert [reader.read() for _ in range(10)] == source.accepted
    assert reader.skipped == 0


def test_where_each_unit_is_a_keyframe_the_newest_wins() -> None:
    source = writer()
    reader = Cursor(source.log, 0.0)
    source.write_all([(True, 1, 0.1)] * 7)
    assert reader.read() is source.accepted[6]
    assert reader.skipped == 6
    assert reader.read() is None


def test_what_was_cleared_counts_as_skipped() -> None:
    source = writer()
    reader = Cursor(source.log, 100.0)
    source.write_all(gop(3))
    assert reader.read() is source.accepted[0]
    source.log.clear()
    assert reader.read() is None
    assert reader.skipped == 2
    source.write_all(gop(1))
    assert reader.read() is source.accepted[3]


def test_where_time_goes_back_what_was_before_is_forgotten() -> None:
    """An upstream begins anew, or another one, which is younger, takes its place."""
    source = writer(max_seconds=4.0, max_bytes=AMPLE)
    reader = Cursor(source.log, 0.5)
    source.write_all([*gop(10), *gop(10)])
    assert reader.read() is source.accepted[10]
    source.seconds = 0.0
    source.write_all(gop(5))
    assert kept(source.log) == source.accepted[20:]
    assert Cursor(source.log, 0.5, burst=10.0).read() is source.accepted[20]
    assert [reader.read() for _ in range(6)] == [*source.accepted[20:], None]
    assert reader.skipped == 10 + 9
    source.write_all(gop(10) * 10)
    assert len(kept(source.log)) <= 50


def test_readers_do_not_disturb_each_other() -> None:
    source = writer()
    fast, idle = Cursor(source.log, 0.5), Cursor(source.log, 0.5)
    source.write_all(gop(3))
    assert [fast.read() for _ in range(4)] == [*source.accepted, None]
    assert idle.read() is source.accepted[0]


def test_exactly_the_latency_is_not_too_late() -> None:
    source = writer()
    reader = Cursor(source.log, 0.5)
    source.write_all([(True, 1, 0.25)] * 3)
    assert reader.lag == 0.5
    assert reader.read() is source.accepted[0]
    source.write_all([(True, 1, 0.25)] * 2)
    assert reader.read() is source.accepted[4]
