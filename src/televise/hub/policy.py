"""Policy: how channels are kept."""

from dataclasses import dataclass

from televise.errors import InputError
from televise.model.duration import parse_duration

# As far back as anybody can ask to look.
MAX_REPLAY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Policy:
    """So many seconds to look back to; ``keep_open``: a source runs on where nobody watches it.
    InputError where that is longer than anybody can look back."""

    replay_seconds: float = 30.0
    keep_open: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.replay_seconds <= MAX_REPLAY_SECONDS:
            raise InputError(_limit(f"{self.replay_seconds:g}s"))


DEFAULT = Policy()


def parse_replay(text: str) -> int:
    """Whole seconds to look back to, as in 60s. InputError."""
    seconds = parse_duration(text)
    if seconds > MAX_REPLAY_SECONDS:
        raise InputError(_limit(text))
    return seconds


def _limit(text: str) -> str:
    return f"{text[:40]}: at most {MAX_REPLAY_SECONDS}s: nobody can look back further"
