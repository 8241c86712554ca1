"""The link over NATS without I/O: subjects, and messages cut into parts that NATS may carry.

    televise.v1.node.NAME.NUMBER                     what channels a hub has, every two seconds
    televise.v1.CHANNEL.ctl.NAME.NUMBER              it is asked for a rendition of CHANNEL
    televise.v1.CHANNEL.RENDITION.f.NAME.NUMBER      what it sends of it, to all who have asked
    _INBOX.NAME.ANY                                  what it is answered

NAME-NUMBER is the hub, NAME what it is called by its operator, or ``~``: so a server can be told
in whose name its users may speak.

A part is a header of 24 bytes, big-endian, and at most `PART_BYTES` of the message:

    TVN1   part (uint16)   parts (uint16)   serial (uint64)   length (uint32)   CRC-32 (uint32)

``part`` counts from 0. Length and checksum (zlib's, ITU-T V.42) are of the whole message, and all
parts of a message have its serial. NATS drops whole parts for who is too slow, and keeps the order
of the rest.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from televise.errors import FormatError, LinkError
from televise.link.messages import Hello, Media, Message, Missing
from televise.link.protocol import MAX_MEDIA, VERSION, Receiver, encode
from televise.model.dropped import NOTHING
from televise.model.rendition import Rendition

PREFIX = "televise.v1"
# Far below what a server takes by default, 1 MiB: a part delays what comes behind it by little.
PART_BYTES = 256 << 10
MAX_MESSAGE_BYTES = MAX_MEDIA + 1024
# What was missing already before a packet, and what was left out there.
_MAX_REASONS = 2
ALL_NODES = f"{PREFIX}.node.*.*"
INBOX = "_INBOX"

_NAMELESS = "~"
_MAGIC = b"TVN1"
_HEADER = struct.Struct(">4sHHQII")
HEADER_BYTES = _HEADER.size
_LENGTH = struct.Struct(">I")
_HELLO = encode(Hello(VERSION))


def node_subject(node: str) -> str:
    """Where ``node`` says what it has."""
    return f"{PREFIX}.node.{_tokens(node)}"


def announcer(subject: str) -> str:
    """The reverse of `node_subject`; FormatError where the subject is that of no hub."""
    name, number = subject.split(".")[-2:]
    node = number if name == _NAMELESS else f"{name}-{number}"
    if node_subject(node) != subject:
        raise FormatError(f"no hub announces at {subject}")
    return node


def inbox_prefix(node: str) -> str:
    """What the subjects begin with on which ``node`` is answered."""
    return f"{INBOX}.{_tokens(node).partition('.')[0]}"


def control_subject(channel: str, node: str) -> str:
    """Where ``node`` is asked for ``channel``; '*' for any."""
    return f"{PREFIX}.{channel}.ctl.{_tokens(node)}"


def media_subject(channel: str, rendition: Rendition, node: str) -> str:
    """Where ``node`` sends ``rendition`` of ``channel``."""
    return f"{PREFIX}.{channel}.{rendition_token(rendition)}.f.{_tokens(node)}"


def rendition_token(rendition: Rendition) -> str:
    """A short name, the same in every hub: of the SHA-256 of its JSON."""
    text = json.dumps(rendition.to_json(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _tokens(node: str) -> str:
    name, _, number = node.rpartition("-")
    return f"{name or _NAMELESS}.{number}"


@dataclass(frozen=True, slots=True)
class _Head:
    part: int
    parts: int
    serial: int
    length: int
    checksum: int


def cut(message: bytes, serial: int) -> Iterator[bytes]:
    """The parts of ``message``; ``serial`` must be another for each message of a sender."""
    parts, checksum = _count(len(message)), zlib.crc32(message)
    for part in range(parts):
        head = _HEADER.pack(_MAGIC, part, parts, serial, len(message), checksum)
        yield head + message[part * PART_BYTES : (part + 1) * PART_BYTES]


class Assembler:
    """Makes messages of the parts of one subject. ``lost`` counts those of which parts are missing:
    nothing of them is given out."""

    def __init__(self) -> None:
        self.lost = 0
        self._serial = -1
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes | None:
        """Take a part; the message that it completes, if it does. FormatError where it is none."""
        head = _parse(data)
        if head.part == 0:
            self._abandon()
        elif (head.serial, head.part) != (self._serial, len(self._pieces)):
            if head.serial != self._serial or self._pieces:
                self.lost += 1
            self._serial, self._pieces = head.serial, []
            return None
        self._serial = head.serial
        self._pieces.append(data[HEADER_BYTES:])
        return self._complete(head) if len(self._pieces) == head.parts else None

    def _abandon(self) -> None:
        """What has begun will not be completed."""
        self.lost += bool(self._pieces)
        self._pieces = []

    def _complete(self, head: _Head) -> bytes:
        message, self._pieces = b"".join(self._pieces), []
        if (len(message), zlib.crc32(message)) != (head.length, head.checksum):
            raise FormatError("a message whose bytes are not those that were sent")
        return message


class MessageReader:
    """Reads messages of the link that come whole: one, or a packet and why others are missing
    before it: some were lost earlier, and some the sender has left out."""

    def __init__(self) -> None:
        self._receiver = _greeted()

    def read(self, data: bytes) -> Message:
        """The message that ``data`` is; a packet says what is missing. FormatError, LinkError."""
        if not _is_whole(data):
            raise FormatError("not one message of the link, or a few")
        try:
            *reasons, last = self._receiver.feed(data)
        except LinkError:
            self._receiver = _greeted()  # it has kept what it could not read
            raise
        if not reasons:
            return last
        missing = [each.dropped for each in reasons if isinstance(each, Missing)]
        if len(missing) < len(reasons) or not isinstance(last, Media):
            raise FormatError("messages that do not belong together")
        return replace(last, packet=replace(last.packet, dropped=sum(missing, NOTHING)))


def _greeted() -> Receiver:
    receiver = Receiver("provider")
    list(receiver.feed(_HELLO))
    return receiver


def _is_whole(data: bytes) -> bool:
    """Whether it ends with the first message, or one of those that may follow it."""
    end = 0
    for _ in range(_MAX_REASONS + 1):
        if len(data) - end <= _LENGTH.size:
            return False
        end += _LENGTH.size + _LENGTH.unpack_from(data, end)[0]
        if end == len(data):
            return True
    return False


def _count(length: int) -> int:
    """How many parts a message of so many bytes has."""
    return max(1, -(-length // PART_BYTES))


def _parse(data: bytes) -> _Head:
    if len(data) < HEADER_BYTES or not data.startswith(_MAGIC):
        raise FormatError("not a part of a message")
    head = _Head(*_HEADER.unpack_from(data)[1:])
    end = min(head.length, (head.part + 1) * PART_BYTES)
    size = end - head.part * PART_BYTES
    fits = head.parts == _count(head.length) and head.part < head.parts
    if head.length > MAX_MESSAGE_BYTES or not fits or size != len(data) - HEADER_BYTES:
        raise FormatError(f"not part {head.part} of {head.parts} of {head.length} bytes")
    return head
