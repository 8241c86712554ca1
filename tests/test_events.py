"""The log: one line per event, repeated warnings counted, nothing that breaks out of its line."""

import asyncio
import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from televise import events
from televise.model.allowed import ALLOWED


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing had been told, and writing to the standard error of this test."""
    monkeypatch.setattr(events, "_told", {})
    monkeypatch.setattr(events, "_quiet_until", {})
    monkeypatch.setattr(events, "_alike", {})
    monkeypatch.setattr(events, "_kept_back", {})
    monkeypatch.setattr(events, "_rate", events._Rate())
    events._get_logger.cache_clear()
    yield
    events.forget()
    events._get_logger.cache_clear()


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of some library, whose records come to our log."""
    made = logging.getLogger("televise-test-library")
    handler = events.AsyncioHandler(logging.WARNING)
    made.addHandler(handler)
    made.propagate = False
    yield made
    made.removeHandler(handler)


Captured = pytest.CaptureFixture[str]


def lines(captured: Captured) -> list[str]:
    return captured.readouterr().err.splitlines()


def test_an_event_is_one_line_with_its_fields(capsys: Captured) -> None:
    events.info("viewer joined", channel="cam", count=3)
    (line,) = lines(capsys)
    assert re.fullmatch(
        r'timestamp=\d\d:\d\d:\d\d level=info event="viewer joined" channel=cam count=3', line
    )


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines",
        "two\r\nlines",
        "return\rover it",
        "escape \x1b[2J the screen",
        "zero \0",
        "separator \u2028 line",
        "next \x85 line",
        'quote " level=error event="forged',
        "back\\slash\n",
    ],
)
def test_nothing_breaks_out_of_its_line(capsys: Captured, text: str) -> None:
    events.info("event", text=text)
    out = capsys.readouterr().err
    assert len(out.splitlines()) == 1
    assert out.removesuffix("\n").isprintable()
    assert not re.search(r"(?<!\\)\" level=error", out)


def test_a_warning_that_repeats_is_told_once_and_then_with_its_count(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for number in range(50):
        events.warning("no room", number=number)
    (line,) = lines(capsys)
    assert line.endswith("number=0")
    now += events.WINDOW_SECONDS
    events.warning("no room", number=50)
    events.warning("no room", number=51)
    (line,) = lines(capsys)
    assert "number=50" in line
    assert "repeated=49" in line


@pytest.mark.parametrize("field", ["channel", "text", "reason"])
def test_what_differs_in_what_it_says_is_told_each(capsys: Captured, field: str) -> None:
    """One channel's trouble does not hide another's, nor one file's that of the next."""
    for _ in range(5):
        events.warning("sent away", **{field: "one"}, next=1)
        events.warning("sent away", **{field: "two"}, next=2)
    first, second = lines(capsys)
    assert f"{field}=one" in first
    assert f"{field}=two" in second


def test_a_flood_of_what_differs_is_counted(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for number in range(5000):
        events.warning("refused", reason=f"no channel {number}")
        now += 0.001
    assert len(lines(capsys)) == events.MAX_ALIKE
    assert len(events._quiet_until) <= events.MAX_KINDS
    now += events.WINDOW_SECONDS
    events.warning("refused", reason="no channel 1")
    (line,) = lines(capsys)
    assert f"others={5000 - events.MAX_ALIKE}" in line


def test_what_happens_very_often_is_counted(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand viewers who join at once are no thousand lines."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for number in range(1000):
        events.info("viewer joined", number=number)
    assert len(lines(capsys)) == events.MAX_A_SECOND
    now += 1
    events.info("viewer joined", number=1000)
    (line,) = lines(capsys)
    assert f"repeated={1000 - events.MAX_A_SECOND}" in line


def test_a_log_that_nobody_reads_any_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    # Text without a buffer, as standard error is.
    with io.TextIOWrapper(os.fdopen(writing, "wb", buffering=0), write_through=True) as broken:
        monkeypatch.setattr(sys, "stderr", broken)
        with pytest.raises(BrokenPipeError):
            broken.write("it is broken indeed\n")
        events.info("viewer joined")
        events.warning("and told")


def test_different_warnings_are_all_told(capsys: Captured) -> None:
    events.warning("one")
    events.warning("two")
    events.info("three")
    events.info("three")
    assert len(lines(capsys)) == 4


def test_an_error_tells_the_exception_in_the_same_line_and_not_again(capsys: Captured) -> None:
    for _ in range(20):
        try:
            raise ValueError("odd\nthing \x1b[2J")
        except ValueError:
            events.error("a bug")
    (line,) = lines(capsys)
    assert "level=error" in line
    assert line.isprintable()
    assert "ValueError: odd" in line
    assert "test_events.py" in line, "and where"


def test_what_is_held_is_told_later_in_order(capsys: Captured) -> None:
    events.hold()
    events.info("first")
    events.warning("second")
    assert lines(capsys) == []
    events.release()
    events.info("third")
    assert [line.rpartition("=")[2] for line in lines(capsys)] == ["first", "second", "third"]


def test_what_is_forgotten_is_never_told(capsys: Captured) -> None:
    events.hold()
    events.info("first")
    events.forget()
    events.info("second")
    assert [line.rpartition("=")[2] for line in lines(capsys)] == ["second"]


def test_libraries_are_told_in_one_line_without_a_traceback(
    capsys: Captured, logger: logging.Logger
) -> None:
    try:
        raise OSError("no more\nroom")
    except OSError:
        logger.exception("failed\nin two lines")
    logger.info("not worth a line")
    (line,) = lines(capsys)
    assert "televise-test-library: failed" in line
    assert "no more" in line
    assert "Traceback" not in line


def test_a_libraries_warning_counts_as_one_whatever_strangers_put_in_it(
    capsys: Captured, logger: logging.Logger
) -> None:
    for number in range(100):
        logger.warning("bad protocol %r", f"mine-{number}")
    (line,) = lines(capsys)
    assert "mine-0" in line
    assert len(events._quiet_until) == 1


def test_so_many_lines_a_second_and_no_more(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they say; the rest is counted, and told in the next line. Bugs are told always."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    events.set_limit(5)
    for number in range(20):
        events.info(f"event {number}")
        events.warning(f"warning {number}")
    assert len(lines(capsys)) == 5
    events.error("a bug")
    (line,) = lines(capsys)
    assert "left_out=35" in line
    events.info("one more")
    now += 1
    events.info("later")
    (line,) = lines(capsys)
    assert "event=later left_out=1" in line
    events.info("and after that")
    (line,) = lines(capsys)
    assert "left_out" not in line
    assert (events.take_silenced(), events.take_silenced()) == (36, 0)


def test_how_many_lines_there_are_if_nothing_is_said() -> None:
    assert ALLOWED["log_lines"].usual == events.MAX_LINES


def test_what_is_remembered_of_warnings_is_bounded(capsys: Captured) -> None:
    events.set_limit(3 * events.MAX_KINDS)
    for number in range(3 * events.MAX_KINDS):
        events.warning(f"warning {number}")
    assert len(events._quiet_until) <= events.MAX_KINDS
    assert len(lines(capsys)) == 3 * events.MAX_KINDS


def test_what_is_remembered_of_events_is_bounded(capsys: Captured) -> None:
    for number in range(events.MAX_KINDS * 2 + 5):
        events.info(f"channel {number} is live")
    assert len(events._told) <= events.MAX_KINDS


async def test_a_task_that_fails_unheard_is_one_line(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio_logger = logging.getLogger("asyncio")
    monkeypatch.setattr(asyncio_logger, "handlers", [])
    monkeypatch.setattr(asyncio_logger, "propagate", True)
    monkeypatch.setattr(logging.getLogger("aiohttp"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("aiohttp"), "propagate", True)
    events.configure()
    loop = asyncio.get_running_loop()
    for _ in range(30):
        error = RuntimeError("nobody asked")
        loop.call_exception_handler(
            {"message": "Task exception was never retrieved"} | {"exception": error}
        )
    (line,) = lines(capsys)
    assert "nobody asked" in line
    assert not asyncio_logger.propagate


def test_structlog_is_loaded_only_when_something_is_told() -> None:
    """It takes a third of the time in which the server starts."""
    code = (
        "import sys; from televise import events; events.configure(); events.hold(); "
        "events.info('x'); print('structlog' in sys.modules); "
        "events.release(); print('structlog' in sys.modules)"
    )
    source = events.__file__.removesuffix("/televise/events.py")
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == ["False", "True"]
