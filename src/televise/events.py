"""The log: one line per event on standard error, repeated warnings counted, not repeated, and so
many lines a second at most.

structlog takes a third of the time in which the server starts: `hold` the log until that is done.
"""

import contextlib
import logging
import sys
import time
from collections.abc import MutableMapping
from functools import cache
from typing import Any

WINDOW_SECONDS = 10.0
# Of so many kinds of warnings is known when they were last told; then all may be told again.
MAX_KINDS = 1000
# What says the same with another of these is not the same; but so many of one event are enough.
_TELLING = ("channel", "text", "reason")
MAX_ALIKE = 20

MAX_A_SECOND = 20
# Of all events together, if nothing else is said; errors are told all the same.
MAX_LINES = 200

_Kind = tuple[object, ...]

_told: dict[str, tuple[int, int]] = {}
_quiet_until: dict[_Kind, float] = {}
_alike: dict[str, tuple[float, int]] = {}
_kept_back: dict[_Kind, int] = {}
_held: list[tuple[str, str, dict[str, object]]] = []
_holding = [False]
_left_out: list[str] = []


class _Rate:
    """So many lines a second: which one it is, how many were written in it, and how many were too
    many, since that was told and since `take_silenced`."""

    def __init__(self) -> None:
        self.most = MAX_LINES
        self.second, self.count = 0, 0
        self.untold, self.silenced = 0, 0

    def allows(self) -> bool:
        second = int(time.monotonic())
        if second != self.second:
            self.second, self.count = second, 0
        self.count += 1
        if self.count <= self.most:
            return True
        self.untold += 1
        self.silenced += 1
        return False


_rate = _Rate()


def info(event: str, **fields: object) -> None:
    """Something happened; of what does so more than twenty times a second, the rest is counted."""
    _forget_many()
    second = int(time.monotonic())
    counted_second, count = _told.get(event, (second, 0))
    count = count + 1 if counted_second == second else 1
    _told[event] = (second, count)
    if count > MAX_A_SECOND:
        _keep_back((event,))
        return
    if repeated := _kept_back.pop((event,), 0):
        fields["repeated"] = repeated
    _emit("info", event, fields)


def warning(event: str, **fields: object) -> None:
    """Something is wrong; the same is told once in ten seconds, with how often it was. It is the
    same where event, channel, text and reason are."""
    _tell_rarely("warning", event, event, fields)


def error(event: str, **fields: object) -> None:
    """A bug of ours; the exception in hand is told with it, and as rarely as a warning."""
    _tell_rarely("error", event, event, {**fields, "exc_info": sys.exc_info()})


def _forget_many() -> None:
    if max(len(_told), len(_quiet_until), len(_alike)) >= MAX_KINDS:
        for known in (_told, _quiet_until, _alike, _kept_back):
            known.clear()


def _tell_rarely(level: str, name: str, event: str, fields: dict[str, object]) -> None:
    now = time.monotonic()
    kind = name, *(fields.get(field) for field in _TELLING)
    if now < _quiet_until.get(kind, 0.0):
        _keep_back(kind)
    elif _are_enough(name, now):
        _keep_back((name,))
    else:
        _quiet_until[kind] = now + WINDOW_SECONDS
        if repeated := _kept_back.pop(kind, 0):
            fields["repeated"] = repeated
        if others := _kept_back.pop((name,), 0):
            fields["others"] = others
        _emit(level, event, fields)


def _are_enough(name: str, now: float) -> bool:
    """Whether as much as may be has been told of this event, in whatever words; else it counts."""
    _forget_many()
    until, count = _alike.get(name, (0.0, 0))
    if now >= until:
        until, count = now + WINDOW_SECONDS, 0
    _alike[name] = until, min(count + 1, MAX_ALIKE)
    return count >= MAX_ALIKE


def _keep_back(kind: _Kind) -> None:
    _kept_back[kind] = _kept_back.get(kind, 0) + 1


def set_limit(lines: int) -> None:
    """So many lines a second from now on; those that are too many are counted in the next one."""
    _rate.most = lines


def take_silenced() -> int:
    """How many lines were too many since this was asked last."""
    silenced, _rate.silenced = _rate.silenced, 0
    return silenced


def leave_out(begin: str) -> None:
    """Write no infos and warnings that begin so: another process of ours does."""
    _left_out.append(begin)


def hold() -> None:
    """Keep events back until `release` or `forget`."""
    _holding[0] = True


def forget() -> None:
    """Write none of the events that were kept back."""
    _holding[0] = False
    _held.clear()


def release() -> None:
    """Write the events that were kept back, and from now on each at once."""
    _holding[0] = False
    held = _held.copy()
    _held.clear()
    for level, event, fields in held:
        _emit(level, event, fields)


class AsyncioHandler(logging.Handler):
    """Brings what asyncio and aiohttp log into this log, one line each, with the same counting.

    What differs only in its arguments, which may be a stranger's, is the same warning.
    """

    def emit(self, record: logging.LogRecord) -> None:
        text = _first_line(record.getMessage())
        fields: dict[str, object] = {}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = repr(record.exc_info[1])
        kind = f"{record.name}: {_first_line(str(record.msg))}"
        _tell_rarely("warning", kind, f"{record.name}: {text}", fields)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def configure() -> None:
    """Take over the libraries' logging."""
    for name in ("asyncio", "aiohttp"):
        logger = logging.getLogger(name)
        logger.addHandler(AsyncioHandler(logging.WARNING))
        logger.propagate = False


def _emit(level: str, event: str, fields: dict[str, object]) -> None:
    if level != "error" and event.startswith(tuple(_left_out)):
        return
    if _holding[0]:
        _held.append((level, event, fields))
    elif level == "error" or _rate.allows():
        if _rate.untold:
            fields["left_out"], _rate.untold = _rate.untold, 0
        # That nobody reads the log any more is no reason to stop.
        with contextlib.suppress(OSError, ValueError):
            getattr(_get_logger(), level)(event, **fields)


def _escape(logger: object, level: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Strangers' texts cannot end their line, and say nothing to a terminal."""
    return {key: _printable(value) for key, value in event.items()}


def _printable(value: object) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in value)


@cache
def _get_logger() -> Any:
    import structlog

    processors = structlog.processors
    tell_exception = processors.ExceptionRenderer()
    if sys.stderr.isatty():
        console = structlog.dev.ConsoleRenderer(colors=True, pad_event_to=0)
        render: list[Any] = [_escape, tell_exception, console]
    else:
        logfmt = processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
        render = [tell_exception, _escape, logfmt]
    stamp = processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    structlog.configure(
        processors=[processors.add_log_level, stamp, *render],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return structlog.get_logger()
