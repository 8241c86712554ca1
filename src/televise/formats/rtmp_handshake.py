"""RTMP's handshake, the server's side.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0 (2012), section 5.2.
"""

from televise.errors import FormatError

VERSION = 3
SIZE = 1536  # of C1, C2, S1 and S2 (5.2.3, 5.2.4)


class Handshake:
    """Takes C0, C1 and C2, and answers with S0, S1 and S2; then it is `done`."""

    def __init__(self) -> None:
        self.done = False
        self._answered = False
        self._buffer = bytearray()

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """What to answer to these bytes, and those of them that follow the handshake.

        FormatError for another version than 3, as in RTMPE, TLS or HTTP.
        """
        self._buffer += data
        if self._buffer and self._buffer[0] != VERSION:
            raise FormatError(
                f"the connection begins with {self._buffer[0]}, not with RTMP's version {VERSION}: "
                "publish to rtmp://, without encryption"
            )
        self.done = len(self._buffer) > 2 * SIZE
        return self._answer(), bytes(self._buffer[1 + 2 * SIZE :])

    def _answer(self) -> bytes:
        if self._answered or len(self._buffer) <= SIZE:
            return b""
        self._answered = True
        # S1 may be anything, zeros too, as it only has to come back; S2 is C1 again.
        return bytes((VERSION,)) + bytes(SIZE) + bytes(self._buffer[1 : 1 + SIZE])
