"""WebSocket frames (RFC 6455 section 5.2); each is a whole message (FIN).

From server to client they are unmasked, so that the same bytes go to every viewer.
"""

import base64
from collections.abc import Iterator

from televise.errors import FormatError, LocalError

FIN = 0x80
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA
# Close codes (RFC 6455 section 7.4.1, and its registry).
NORMAL, GOING_AWAY, UNSUPPORTED, NOT_UNDERSTOOD = 1000, 1001, 1003, 1008
RESTARTING, TRY_LATER = 1012, 1013
MAX_CONTROL_BYTES = 125  # RFC 6455 section 5.5
# RFC 6455 section 7.4: these may not stand in a frame, all others from 1000 to 4999 may.
NOT_SENT = frozenset({1004, 1005, 1006, 1015})


def text_frame(text: str) -> bytes:
    """A text message. A lone surrogate, which UTF-8 cannot carry, becomes "?"."""
    return _frame(TEXT, text.encode("utf-8", "replace"))


def binary_frame(data: bytes) -> bytes:
    """A binary message."""
    return _frame(BINARY, data)


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; ``reason`` is cut to 123 bytes of UTF-8, never inside a character.

    LocalError for a ``code`` that no endpoint may send.
    """
    if not 1000 <= code <= 4999 or code in NOT_SENT:
        raise LocalError(f"close code {code}; RFC 6455 section 7.4 allows others from 1000 to 4999")
    whole = reason.encode("utf-8", "replace")[: MAX_CONTROL_BYTES - 2]
    text = whole.decode("utf-8", "ignore").encode()
    return _frame(CLOSE, code.to_bytes(2, "big") + text)


def masked_frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """What a client says, at most 64 KiB; ``mask`` is four random bytes (section 5.3)."""
    frame = _frame(opcode, payload)
    start = len(frame) - len(payload)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return b"".join((frame[:1], bytes([0x80 | frame[1]]), frame[2:start], mask, masked))


def parse_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a close frame (section 5.5.1); 0 where it has none."""
    return int.from_bytes(payload[:2], "big"), payload[2:].decode("utf-8", "replace")


def upgrade_fields(random: bytes, protocol: str) -> list[str]:
    """The header fields of a client's request (section 4.1), with 16 ``random`` bytes."""
    key = base64.b64encode(random).decode()
    fields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    return [*fields, f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Protocol: {protocol}"]


class FrameReader:
    """Takes what a server sends apart; a message has at most ``most`` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take more bytes; yield opcode and payload of each frame that is there. FormatError."""
        self._buffer += data
        position = 0
        try:
            while (place := self._place(position)) is not None:
                opcode = self._buffer[position] & 0x0F
                position = place.stop
                yield opcode, bytes(memoryview(self._buffer)[place])
        finally:
            del self._buffer[:position]

    def _place(self, position: int) -> slice | None:
        """Of the payload, if all of it is there."""
        buffer = self._buffer
        if len(buffer) - position < 2:
            return None
        start, length = position + 2, buffer[position + 1]
        if length > 127:
            raise FormatError("a masked frame from a server")
        if more := {126: 2, 127: 8}.get(length, 0):
            start, length = start + more, int.from_bytes(buffer[start : start + more], "big")
        if length > self._most:
            raise FormatError(f"a message of {length} bytes; the limit is {self._most}")
        return slice(start, start + length) if len(buffer) >= start + length else None


def _frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length <= 125:
        return bytes((FIN | opcode, length)) + payload
    if length <= 0xFFFF:
        return bytes((FIN | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((FIN | opcode, 127)) + length.to_bytes(8, "big") + payload
