"""Complaints: what a pusher (`televise push`) logs while a hub does not take what it publishes."""

import re

# It says the same every few seconds while that lasts: after so long it is told anew.
AGAIN_SECONDS = 60.0
_NOT_PUBLISHING = re.compile(r'event="not publishing".* reason=(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_ESCAPED = re.compile(r"\\(.)")


class Complaints:
    """Finds in the log of one pusher why the hub does not take it, each reason once."""

    def __init__(self) -> None:
        self._reason = ""
        self._heard = float("-inf")

    def hear(self, line: str, now: float) -> str:
        """The reason in a ``line`` (logfmt) that came at monotonic time ``now``; '' where it has
        none, or one that is told already."""
        found = _NOT_PUBLISHING.search(line)
        if found is None:
            return ""
        reason = _ESCAPED.sub(r"\1", found[1] or found[2])
        is_told = reason == self._reason and now - self._heard < AGAIN_SECONDS
        self._reason, self._heard = reason, now
        return "" if is_told else reason
