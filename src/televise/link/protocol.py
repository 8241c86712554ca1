"""The link protocol without I/O: bytes to messages and back, and who may say what when.

A message is a length (uint32, big-endian, of what follows), a type (uint8) and a body: JSON, or
for media a fixed header and the payload. It knows nothing of what the payload means.
"""

import json
import math
import struct
from collections.abc import Callable, Iterator
from typing import Any, Literal

from televise.errors import FormatError, LinkError
from televise.link.messages import (
    Allow,
    Announce,
    Damaged,
    Data,
    Ended,
    Epoch,
    Finish,
    FromConsumer,
    FromProvider,
    Hello,
    Keyframe,
    Look,
    Media,
    Message,
    Missing,
    Note,
    Open,
    Publish,
    Refused,
    State,
    Subscribe,
    Taken,
    Unsubscribe,
)
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track

VERSION = 1
# Of WebSockets that carry it.
SUBPROTOCOL = "televise.link.v1"
MAX_CONTROL = 1 << 20
MAX_MEDIA = 16 << 20

Role = Literal["provider", "consumer"]

_LENGTH = struct.Struct(">IB")
MAX_DATA = 1 << 20
_MEDIA_TYPE = 8
_DATA_TYPE = 10
_DATA = struct.Struct(">I")
# id, track, epoch, sequence, pts, dts, duration, keyframe, captured, seconds
_MEDIA = struct.Struct(">IBIQqqI?qd")

_CONTROL: dict[int, type[Any]] = {
    1: Hello,
    2: Open,
    3: Announce,
    4: State,
    5: Subscribe,
    6: Unsubscribe,
    7: Epoch,
    9: Refused,
    11: Publish,
    12: Finish,
    13: Taken,
    14: Ended,
    15: Note,
    16: Look,
    17: Missing,
    18: Keyframe,
    19: Allow,
    20: Damaged,
}
_TYPES = {kind: number for number, kind in _CONTROL.items()}
_LIMITS = {_MEDIA_TYPE: 1 + _MEDIA.size + MAX_MEDIA, _DATA_TYPE: 1 + _DATA.size + MAX_DATA}
_SAID_BY = {"provider": FromProvider, "consumer": FromConsumer}


def encode(message: Message) -> bytes:
    """One message as bytes."""
    if isinstance(message, Media):
        return _encode_media(message)
    if isinstance(message, Data):
        length = _LENGTH.pack(1 + _DATA.size + len(message.data), _DATA_TYPE)
        return b"".join((length, _DATA.pack(message.id), message.data))
    values = {name: _to_json(getattr(message, name)) for name in message.__slots__}
    body = json.dumps(values, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body) + 1, _TYPES[type(message)]) + body


class Receiver:
    """Turns the bytes that ``peer`` sends into messages, and refuses what it may not say."""

    def __init__(self, peer: Role) -> None:
        self._allowed = _SAID_BY[peer]
        self._greeted = False
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take more bytes; yield every message that is complete. LinkError ends the link."""
        self._buffer += data
        offset = 0
        try:
            while (end := self._end_of_message(offset)) is not None:
                kind = self._buffer[offset + 4]
                message = _decode(kind, bytes(memoryview(self._buffer)[offset + 5 : end]))
                offset = end
                yield self._check(message)
        finally:
            del self._buffer[:offset]

    def _end_of_message(self, offset: int) -> int | None:
        if len(self._buffer) - offset < _LENGTH.size:
            return None
        length, kind = _LENGTH.unpack_from(self._buffer, offset)
        limit = _LIMITS.get(kind, MAX_CONTROL)
        if not 1 <= length <= limit:
            raise LinkError(f"a message of {length} bytes; the limit is {limit}")
        end: int = offset + 4 + length
        return end if end <= len(self._buffer) else None

    def _check(self, message: Message) -> Message:
        if isinstance(message, Hello):
            if self._greeted or message.version != VERSION:
                raise LinkError(f"the peer speaks link version {message.version}, not {VERSION}")
            self._greeted = True
        elif not self._greeted or not isinstance(message, self._allowed):
            raise LinkError(f"{type(message).__name__} is not allowed here")
        return message


def _encode_media(message: Media) -> bytes:
    packet = message.packet
    header = _MEDIA.pack(
        message.id,
        packet.track,
        packet.epoch,
        packet.sequence,
        packet.pts,
        packet.dts,
        packet.duration,
        packet.keyframe,
        packet.captured,
        packet.seconds,
    )
    length = _LENGTH.pack(1 + len(header) + len(packet.data), _MEDIA_TYPE)
    return b"".join((length, header, packet.data))


def _decode(kind: int, body: bytes) -> Message:
    if kind == _MEDIA_TYPE:
        return _decode_media(body)
    if kind == _DATA_TYPE:
        return _decode_data(body)
    if kind not in _CONTROL:
        raise LinkError(f"unknown message type {kind}")
    try:
        message: Message = _from_json(_CONTROL[kind], json.loads(body))
    except (ValueError, TypeError, KeyError, OverflowError, FormatError, RecursionError) as error:
        text = f"malformed {_CONTROL[kind].__name__}: {error}"
        raise LinkError(" ".join(text.split())[:200]) from error
    return message


def _decode_media(body: bytes) -> Media:
    if len(body) < _MEDIA.size:
        raise LinkError("a media message shorter than its header")
    identifier, track, epoch, sequence, *rest = _MEDIA.unpack_from(body)
    pts, dts, duration, keyframe, captured, seconds = rest
    if not math.isfinite(seconds):
        raise LinkError(f"media at {seconds} seconds")
    data = body[_MEDIA.size :]
    packet = Packet(track, epoch, sequence, data, pts, dts, duration, keyframe, captured, seconds)
    return Media(identifier, packet)


def _decode_data(body: bytes) -> Data:
    if len(body) < _DATA.size:
        raise LinkError("a data message shorter than its header")
    return Data(_DATA.unpack_from(body)[0], body[_DATA.size :])


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [track.to_json() for track in value]
    return value.to_json() if isinstance(value, Rendition | Dropped) else value


def _uint32(value: int) -> int:
    if isinstance(value, bool) or not 0 <= value < 1 << 32:
        raise ValueError("not an unsigned number of 32 bits")
    return value


def _uint64(value: int) -> int:
    if isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise ValueError("not an unsigned number of 64 bits")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return float(value)


def _dropped(values: dict[str, Any]) -> Dropped:
    if not all(type(each) is int and 0 <= each < 1 << 64 for each in values.values()):
        raise ValueError("not counts of packets")
    return Dropped(**values)


_FIELDS: dict[str, tuple[type[Any] | tuple[type[Any], ...], Callable[[Any], Any]]] = {
    "version": (int, _uint32),
    "id": (int, _uint32),
    "epoch": (int, _uint32),
    "before": (int, _uint32),
    "last": (int, _uint64),
    "first": (int, _uint64),
    "dropped": (dict, _dropped),
    "pixels": (int, _uint32),
    "kept": (int, _uint64),
    "origin": ((int, float), _finite),
    "replay": ((int, float), _finite),
    "ago": ((int, float), _finite),
    "length": ((int, float), _finite),
    "captured": (int, _uint64),
    "count": (int, _uint32),
    "format": (str, str),
    "source": (str, str),
    "state": (str, str),
    "text": (str, str),
    "final": (bool, bool),
    "rendition": (dict, Rendition.from_json),
    "tracks": (list, lambda values: tuple(map(Track.from_json, values))),
}


def _from_json(kind: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise TypeError("not an object")
    arguments = {}
    for name, value in values.items():
        expected, convert = _FIELDS[name]
        if not isinstance(value, expected):
            raise TypeError(f"{name} has the wrong type")
        arguments[name] = convert(value)
    return kind(**arguments)
