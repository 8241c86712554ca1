"""Multipart: a channel's pictures as the body of somebody else's HTTP answer."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

from televise.errors import Unavailable

_READ_BYTES = 1 << 16
# Browsers show a picture when the next part begins, so they are sent its begin at once.
_LIKE_A_BROWSER = {"User-Agent": "Mozilla/5.0 (televise)"}


def stream(url: str) -> Iterator[bytes]:
    """The bytes of ``url``, an endless MJPEG, as they come. Unavailable where there are none."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port)
    try:
        connection.request("GET", target, headers=_LIKE_A_BROWSER)
        response = connection.getresponse()
        if response.status != 200:
            text = response.read(200).decode(errors="replace").partition("\n")[0]
            raise Unavailable(f"the hub answers {response.status}: {text}")
        while data := response.read1(_READ_BYTES):
            yield data
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"the hub cannot be asked: {error}") from error
    finally:
        connection.close()
