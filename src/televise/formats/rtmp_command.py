"""RTMP commands: what client and server call on each other, encoded as AMF0.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0 (2012), section 7.2.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs

from televise.errors import FormatError
from televise.formats import amf, rtmp_chunk
from televise.formats.rtmp_chunk import Message


@dataclass(frozen=True, slots=True)
class Command:
    """One that a client sends; ``transaction`` is the number that its answer has."""

    name: str
    transaction: float
    arguments: list[amf.Value]

    @property
    def properties(self) -> dict[str, amf.Value]:
        """Those of ``connect`` (7.2.1.1). FormatError."""
        found = self.arguments[0] if self.arguments else None
        if not isinstance(found, dict):
            raise FormatError(f"the RTMP command {self.name} without its properties")
        return found

    @property
    def stream_key(self) -> str:
        """That of ``publish`` (7.2.2.6) and ``play``. FormatError."""
        key = self.arguments[1] if len(self.arguments) > 1 else None
        if not isinstance(key, str):
            raise FormatError(f"the RTMP command {self.name} without a stream key")
        return key


def parse_command(message: Message) -> Command:
    """The command in a message (7.2.1). FormatError."""
    values = amf.decode(amf0_of(message))
    if len(values) < 2 or not isinstance(values[0], str) or not isinstance(values[1], float):
        raise FormatError("an RTMP command without a name and a transaction number")
    return Command(values[0], values[1], values[2:])


def amf0_of(message: Message) -> bytes:
    """The AMF0 of a message; where its type says AMF3, it follows a zero."""
    if message.type in (rtmp_chunk.COMMAND_AMF3, rtmp_chunk.DATA_AMF3):
        return message.data.removeprefix(b"\0")
    return message.data


def token_in(text: str) -> str:
    """``token`` of the query in a URL, an application or a stream key; empty without one."""
    return parse_qs(text.partition("?")[2]).get("token", [""])[0]


def information(level: str, code: str, text: str) -> dict[str, amf.Value]:
    """What an answer tells of how it went (7.2.2)."""
    return {"level": level, "code": code, "description": text}
