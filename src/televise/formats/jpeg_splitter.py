"""JpegSplitter: JPEG pictures out of a stream of them, each as soon as its last byte is there.

What stands between them is skipped: the boundaries and headers of multipart (RFC 2046), padding.
That no boundary has to follow before a picture is known to be complete saves one picture's time.
"""

import re

from televise.errors import FormatError
from televise.formats.jpeg import END_OF_IMAGE, STANDALONE, START_OF_SCAN

MAX_BYTES = 16_000_000
_START = b"\xff\xd8\xff"
_SOI = 0xD8
# ISO/IEC 10918-1 B.1.1.5: within a scan FF 00 is data, and FF D0 to FF D7 separate intervals.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class JpegSplitter:
    """Give it bytes as they come with `feed`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0  # of the next marker; 0 while no picture has begun
        self._in_scan = False

    def feed(self, data: bytes) -> list[bytes]:
        """The pictures that are complete with ``data``; of a broken one the next is waited for.

        FormatError where one has more than 16 MB.
        """
        self._buffer += data
        pictures: list[bytes] = []
        while self._advance(pictures):
            pass
        if len(self._buffer) > MAX_BYTES:
            raise FormatError(f"a JPEG picture must have fewer than {MAX_BYTES} bytes")
        return pictures

    def _advance(self, pictures: list[bytes]) -> bool:
        """One marker further; false where more bytes are needed for that."""
        if not self._position:
            return self._find_start()
        if self._in_scan and not self._find_marker():
            return False
        buffer, position = self._buffer, self._position
        if len(buffer) < position + 2:
            return False
        if buffer[position] != 0xFF:
            self._restart(position)
        elif buffer[position + 1] == 0xFF:
            self._position += 1  # B.1.1.2: any number of FF may stand before a marker
        else:
            return self._pass(buffer[position + 1], pictures)
        return True

    def _pass(self, marker: int, pictures: list[bytes]) -> bool:
        """Go over the segment of the ``marker`` at the position."""
        buffer, position = self._buffer, self._position
        if marker == END_OF_IMAGE:
            pictures.append(bytes(buffer[: position + 2]))
            self._restart(position + 2)
        elif marker == _SOI:
            self._restart(position)
        elif marker in STANDALONE:
            self._position += 2
        elif len(buffer) < position + 4:
            return False
        else:
            self._position += 2 + int.from_bytes(buffer[position + 2 : position + 4], "big")
            self._in_scan = marker == START_OF_SCAN
        return True

    def _find_start(self) -> bool:
        start = self._buffer.find(_START)
        self._position = 2 if start >= 0 else 0
        del self._buffer[: start if start >= 0 else -2]
        return start >= 0

    def _find_marker(self) -> bool:
        match = _MARKER_IN_SCAN.search(self._buffer, self._position)
        if match is None:
            self._position = max(self._position, len(self._buffer) - 1)
            return False
        self._position, self._in_scan = match.start(), False
        return True

    def _restart(self, position: int) -> None:
        del self._buffer[:position]
        self._position, self._in_scan = 0, False
