"""Interest: what a hub says over NATS to one that has a channel, and what that answers.

Both are JSON. It is said again every two seconds; who is silent for longer has gone.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from televise.errors import FormatError
from televise.formats.strict_json import parse_json
from televise.model.name import is_node
from televise.model.rendition import Rendition
from televise.model.unix_time import is_unix_time

Want = Literal["join", "keep", "leave", "look", "keyframe"]

MAX_BYTES = 256 << 10
MAX_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Interest:
    """Hub ``node`` wants ``rendition``: to ``join`` is to be sent all since the newest keyframe,
    ``keyframe`` asks for the next one to be made at once, to ``look`` is to be sent ``length``
    seconds that began so many seconds ``ago``, once.

    ``clock`` is its time in Unix nanoseconds, ``report`` says who watches there.
    """

    want: Want
    rendition: Rendition
    node: str
    clock: int
    ago: float = 0.0
    length: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As it is sent."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()


def parse_interest(data: bytes) -> Interest:
    """The reverse of `Interest.to_bytes`; FormatError where it is not that."""
    values = _object(data)
    try:
        rendition = Rendition.from_json(values.pop("rendition"))
        interest = Interest(rendition=rendition, **values)
    except (KeyError, TypeError) as error:
        raise FormatError(f"not a request for a channel: {error}") from None
    seconds = all(_is_seconds(each) for each in (interest.ago, interest.length))
    if interest.want not in get_args(Want) or not is_node(interest.node) or not seconds:
        raise FormatError("not a request for a channel")
    if not is_unix_time(interest.clock) or not isinstance(interest.report, dict):
        raise FormatError("a request for a channel without a time or a report")
    return interest


def answer(clock: int, ours: int) -> bytes:
    """Said at ``clock`` by the asker's time, heard at ``ours`` by our own (Unix nanoseconds)."""
    return json.dumps({"clock": clock, "ours": ours}).encode()


def parse_answer(data: bytes) -> tuple[int, int]:
    """The reverse of `answer`; FormatError where it is not that."""
    values = _object(data)
    clock: Any = values.get("clock")
    ours: Any = values.get("ours")
    if not is_unix_time(clock) or not is_unix_time(ours):
        raise FormatError("not an answer with two times")
    return clock, ours


def _object(data: bytes) -> dict[str, Any]:
    values = parse_json(data) if len(data) <= MAX_BYTES else None
    if not isinstance(values, dict):
        raise FormatError("not a JSON object of a few values")
    return values


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= MAX_SECONDS
