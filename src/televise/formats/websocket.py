"""WebSocket frames from server to client (RFC 6455 section 5.2).

They are unmasked, so that the same bytes go to every viewer; each is a whole message (FIN).
"""

from televise.errors import LocalError

FIN = 0x80
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
# Close codes (RFC 6455 section 7.4.1, and its registry).
NORMAL, GOING_AWAY, UNSUPPORTED, NOT_UNDERSTOOD, WENT_WRONG = 1000, 1001, 1003, 1008, 1011
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


def _frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length <= 125:
        return bytes((FIN | opcode, length)) + payload
    if length <= 0xFFFF:
        return bytes((FIN | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((FIN | opcode, 127)) + length.to_bytes(8, "big") + payload
