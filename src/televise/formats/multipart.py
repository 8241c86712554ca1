"""Multipart: pictures one after another in one HTTP answer (multipart/x-mixed-replace).

Delimiters are those of RFC 2046 section 5.1.1. There are two ways of writing parts, because
browsers show a part only when the next one begins, and because strict clients (FFmpeg, OpenCV)
want to know each part's length:

* for browsers: `browser_start` once, then `browser_part` for each picture. The next part's
  boundary and headers follow a picture at once and have no length: Chromium and Firefox then show
  it immediately; otherwise they are one picture late, and do not show the first one at all.
* for everything else: `strict_part` for each picture.
"""

from functools import lru_cache

from televise.errors import LocalError

BOUNDARY = "televise"
"""The boundary parameter; the two dashes stand in the body only."""

NANOSECONDS_PER_MICROSECOND = 1_000
MICROSECONDS_PER_SECOND = 1_000_000


def content_type(boundary: str = BOUNDARY) -> str:
    """The Content-Type of the whole answer."""
    return f"multipart/x-mixed-replace;boundary={boundary}"


def browser_start(mime: str, boundary: str = BOUNDARY) -> bytes:
    """The first boundary and headers, before the first `browser_part`."""
    return _opening(mime, boundary) + b"\r\n"


def browser_part(data: bytes, mime: str, boundary: str = BOUNDARY) -> bytes:
    """One picture of type ``mime``, then at once the headers of the next, of the same type."""
    return b"".join((data, b"\r\n", _opening(mime, boundary), b"\r\n"))


def strict_part(data: bytes, mime: str, captured_ns: int, boundary: str = BOUNDARY) -> bytes:
    """One whole part, with its length in bytes and when it was captured (Unix nanoseconds)."""
    rest = f"Content-Length: {len(data)}\r\nX-Timestamp: {timestamp(captured_ns)}\r\n\r\n"
    return b"".join((_opening(mime, boundary), rest.encode(), data, b"\r\n"))


def timestamp(captured_ns: int) -> str:
    """The value of X-Timestamp: Unix seconds with microseconds, of Unix nanoseconds."""
    seconds, micros = divmod(captured_ns // NANOSECONDS_PER_MICROSECOND, MICROSECONDS_PER_SECOND)
    return f"{seconds}.{micros:06d}"


@lru_cache(maxsize=16)
def _opening(mime: str, boundary: str) -> bytes:
    """Boundary and Content-Type; LocalError for a type that would break the header line."""
    if not mime.isascii() or not mime.isprintable():
        raise LocalError(f"{mime!r} cannot be a Content-Type; it must be one line of ASCII")
    return f"--{boundary}\r\nContent-Type: {mime}\r\n".encode()
