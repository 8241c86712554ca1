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
# Half as wide, and a quarter.
MAX_LEVEL = 2


class Adaptation:
    """``level`` says how often the width is to be halved. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.level = 0
        self._patience = PATIENCE_SECONDS
        self._quickest = float("inf")
        self._since = 0.0
        self._late: float | None = None
        self._trouble: float | None = None

    def begin(self, now: float) -> None:
        """Another connection, or another level: nothing is known of it yet."""
        self._quickest, self._since = float("inf"), now
        self._late = self._trouble = None

    def arrived(self, now: float, media_seconds: float, *, gap: bool) -> bool:
        """A packet, after a ``gap`` where some were left out for us. True: there is a new level."""
        self._quickest = min(self._quickest, now - media_seconds)
        if gap or now - media_seconds - self._quickest > LATE_SECONDS:
            return self._is_late(now)
        if self._late is not None and now - self._late > CALM_SECONDS:
            self._late = self._trouble = None
        if self.level == 0 or self._late is not None or now - self._since < self._patience:
            return False
        return self._change(self.level - 1, now)

    def _is_late(self, now: float) -> bool:
        self._late = now
        if self._trouble is None:
            self._trouble = now
        if self.level == MAX_LEVEL or now - self._trouble <= TROUBLE_SECONDS:
            return False
        self._patience = min(self._patience * 2, MOST_PATIENCE_SECONDS)
        return self._change(self.level + 1, now)

    def _change(self, level: int, now: float) -> bool:
        self.level = level
        self.begin(now)
        return True


def smaller(wanted: Rendition, width: int, level: int) -> Rendition:
    """``wanted``, of which pictures are ``width`` wide, with that halved ``level`` times."""
    if not level:
        return wanted
    factor = 1 << level
    least = int(LIMITS["w"][0]), int(LIMITS["h"][0]), int(LIMITS["bitrate"][0])
    return replace(
        wanted,
        w=max(least[0], width // factor // 2 * 2),
        h=max(least[1], wanted.h // factor // 2 * 2) if wanted.h else 0,
        bitrate=max(least[2], wanted.bitrate // factor**2) if wanted.bitrate else 0,
    )
