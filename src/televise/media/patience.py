"""Patience: how long bytes are taken of which nothing can be shown, and what they look like."""

import time

from televise.errors import FormatError
from televise.formats import kind

# Both must have passed: a slow publisher may take its time, a fast one begin with what is of no
# use. FFmpeg looks at the first megabyte, and at pictures of two seconds.
MOST_SECONDS = 5.0
MOST_BYTES = 8_000_000
# Of what is the right format as far as can be seen: films may begin with a long index or fonts.
MOST_BYTES_OF_KNOWN = 64_000_000
_EXPECTED = {
    "mpegts": kind.TRANSPORT,
    "flv": kind.FLV,
    "matroska": kind.MATROSKA,
    "jpeg": kind.JPEG,
}
_NOT_FRAGMENTED = (
    "this MP4 has its index at its end: write it with -movflags frag_keyframe+empty_moov"
)


class Patience:
    """Looks at bytes as they come, for as long as nothing of them has been understood.

    ``format`` is FFmpeg's name, ``jpeg``, or '' where anything is right; ``seekable``: what stands
    last can be read first.
    """

    def __init__(self, format: str, *, seekable: bool) -> None:
        self._expected = _EXPECTED.get(format, "")
        self._seekable = seekable
        self._head = b""
        self._count = 0
        self._began = 0.0

    def look(self, data: bytes) -> None:
        """The next bytes. FormatError where they, or so many, cannot become what is expected."""
        self._began = self._began or time.monotonic()
        self._count += len(data)
        if len(self._head) < kind.HEAD_BYTES:
            self._head += data[: kind.HEAD_BYTES - len(self._head)]
            self._check_head()
        is_long = time.monotonic() - self._began > MOST_SECONDS
        if is_long and self._count > self._most_bytes():
            nothing = f"nothing can be shown of its first {self._count // 1_000_000} MB"
            raise FormatError(self.explain() or nothing)

    def explain(self) -> str:
        """Why nothing could be understood, where the bytes tell; else ''."""
        found = kind.kind_of(self._head)
        if not self._head or found == self._expected or not self._expected:
            return ""
        return f"this is no {self._expected}{found and f': it looks like {found}'}"

    def _most_bytes(self) -> int:
        found = kind.kind_of(self._head)
        is_known = found == self._expected or not self._expected
        return MOST_BYTES_OF_KNOWN if found not in ("", kind.TEXT) and is_known else MOST_BYTES

    def _check_head(self) -> None:
        """What is another format for certain need not be taken any longer."""
        found = kind.kind_of(self._head)
        # JPEG pictures may stand behind lines of text: multipart (RFC 2046).
        if found not in ("", kind.TEXT) and (problem := self.explain()):
            raise FormatError(problem)
        if found == kind.MP4 and not self._seekable and kind.has_index_last(self._head):
            raise FormatError(_NOT_FRAGMENTED)
