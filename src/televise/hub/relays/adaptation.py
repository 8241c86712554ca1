"""Adaptation: whether a link carries what is wanted, or only something smaller. It has no clock."""

from dataclasses import replace

from televise.model.rendition import LIMITS, Rendition

# Media later than that, compared with the quickest, are late; after so long, not by chance.
LATE_SECONDS = 1.0
TROUBLE_SECONDS = 3.0
# Trouble comes and goes, as what is late is left out: only after so long without, it is over.
CALM_SECONDS = 3.0
# When to try the next larger one: in vain, it is tried half as often.
PATIENCE_SECONDS = 10.0
MOST_PATIENCE_SECONDS = 320.0
# The quickest of so long ago does not count any more: clocks drift apart, and may be set.
WINDOW_SECONDS = 60.0
# Half as wide, and a quarter.
MAX_LEVEL = 2


class Adaptation:
    """``level`` says how often the width is to be halved. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.level = 0
        self._patience = PATIENCE_SECONDS
        # Of what has come since the begin; None before.
        self._quickest: _Quickest | None = None
        self._since = 0.0
        self._late: float | None = None
        self._trouble: float | None = None

    def begin(self) -> None:
        """Another connection, or another level: nothing is known of it before something comes,
        which may have to wait until the link has carried what was asked for earlier."""
        self._quickest = self._late = self._trouble = None

    def arrived(self, now: float, captured: float, *, gap: bool) -> bool:
        """A packet, ``captured`` then by any clock, after a ``gap`` where some were left out for
        us. True: there is a new level."""
        delay = now - captured
        if self._quickest is None:
            self._quickest, self._since = _Quickest(now), now
        if gap or delay - self._quickest.of(now, delay) > LATE_SECONDS:
            return self._is_late(now)
        if self._late is not None and now - self._late > CALM_SECONDS:
            self._late = self._trouble = None
        if self.level == 0 or self._late is not None or now - self._since < self._patience:
            return False
        return self._change(self.level - 1)

    def _is_late(self, now: float) -> bool:
        self._late = now
        if self._trouble is None:
            self._trouble = now
        if self.level == MAX_LEVEL or now - self._trouble <= TROUBLE_SECONDS:
            return False
        self._patience = min(self._patience * 2, MOST_PATIENCE_SECONDS)
        return self._change(self.level + 1)

    def _change(self, level: int) -> bool:
        self.level = level
        self.begin()
        return True


class _Quickest:
    """The least delay of the last minute, or of half of it."""

    def __init__(self, now: float) -> None:
        self._begun = now
        self._now = self._before = float("inf")

    def of(self, now: float, delay: float) -> float:
        """With this one."""
        if now - self._begun > WINDOW_SECONDS / 2:
            self._begun, self._before, self._now = now, self._now, delay
        self._now = min(self._now, delay)
        return min(self._now, self._before)


def smaller(wanted: Rendition, width: int, level: int) -> Rendition:
    """``wanted``, of which pictures are ``width`` wide, with that halved ``level`` times."""
    if not level:
        return wanted
    factor = 1 << level
    return replace(
        wanted,
        w=_possible("w", width // factor // 2 * 2),
        h=_possible("h", wanted.h // factor // 2 * 2) if wanted.h else 0,
        bitrate=_possible("bitrate", wanted.bitrate // factor**2) if wanted.bitrate else 0,
    )


def _possible(name: str, value: int) -> int:
    """The nearest that may be asked for: how wide it is, a stranger says."""
    least, most, _ = LIMITS[name]
    return int(min(max(value, least), most))
