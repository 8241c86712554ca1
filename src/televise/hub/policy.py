"""Policy: how channels are kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """So many seconds to look back to; ``keep_open``: a source runs on where nobody watches it."""

    replay_seconds: float = 30.0
    keep_open: bool = False


DEFAULT = Policy()
