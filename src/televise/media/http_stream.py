"""HttpStream: what a web server or camera sends over HTTP(S), readable as it comes."""

import http.client
import socket
import ssl
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import televise
from televise.errors import SourceError
from televise.media.guard import check_addresses, resolve

OPEN_SECONDS = 5.0
# A server that sends nothing for so long is asked again.
READ_SECONDS = 10.0
MAX_REDIRECTS = 5

Dial = Callable[[str, int, float], socket.socket]


def dial(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to whatever the operator has named. OSError."""
    return socket.create_connection((host, port), timeout)


def dial_public(
    host: str, port: int, timeout: float, networks: Sequence[str] = ()
) -> socket.socket:
    """Connect to a public address, or one in these ``networks``, only: to the very one that was
    checked. OSError, SourceError."""
    problem = OSError("no address")
    for address in check_addresses(host, port, resolve, networks):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            problem = error
    raise problem


class HttpStream:
    """The content of ``url``, which may hold a user and a password (Basic and Digest).

    ``dial`` connects, for each redirect anew. SourceError, which names ``shown`` instead of the
    URL, where there is no content.
    """

    def __init__(self, url: str, shown: str, dial: Dial = dial) -> None:
        self._shown = shown
        self._place, self._opener = _prepare(url, dial)
        self._position = self._wanted = 0
        self._response = self._get(0)
        length = self._response.headers.get("Content-Length", "")
        self._length = int(length) if length.isdecimal() and len(length) < 19 else -1

    def __enter__(self) -> "HttpStream":
        return self

    def __exit__(self, *exception: object) -> None:
        self._response.close()

    def read(self, size: int) -> bytes:
        """Some bytes as soon as there are any; b"" at the end, or where the server breaks off."""
        if self._wanted != self._position:
            self._response.close()
            self._response = self._get(self._wanted)
            self._position = self._wanted
        try:
            data: bytes = self._response.read1(size)
        except TimeoutError:
            raise SourceError(f"{self._shown}: no answer in time") from None
        except (OSError, http.client.HTTPException):
            return b""
        self._position = self._wanted = self._position + len(data)
        return data

    def seekable(self) -> bool:
        """Whether it has an end: a film, of which the index may stand there."""
        return self._length > 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Read on elsewhere; ``whence`` is as of `io`, which asks the server for nothing yet."""
        self._wanted = offset + (0, self._wanted, self._length)[whence]
        return self._wanted

    def tell(self) -> int:
        """How many bytes stand before the next."""
        return self._wanted

    def _get(self, position: int) -> Any:
        headers = {"User-Agent": f"televise/{televise.__version__}"}
        if position:
            headers["Range"] = f"bytes={position}-"
        request = urllib.request.Request(self._place, headers=headers)
        try:
            response = self._opener.open(request, timeout=OPEN_SECONDS)
        except (OSError, http.client.HTTPException, ValueError, SourceError) as error:
            raise SourceError(f"{self._shown}: {_cause(error)}") from None
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            _skip(response, position)  # it does not send parts
        return response


def _skip(response: Any, count: int) -> None:
    while count > 0 and (data := response.read(min(count, 1 << 20))):
        count -= len(data)


def _prepare(url: str, dial: Dial) -> tuple[str, urllib.request.OpenerDirector]:
    """The URL without user and password, and what opens it with them."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@~[]")
    query = quote(parts.query, safe="/%!$&'()*+,;=:@~?[]")
    plain = urlunsplit((parts.scheme, place, path, query, ""))
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        # Only this server gets them, whereto it may redirect.
        user, password = unquote(parts.username), unquote(parts.password or "")
        passwords.add_password(None, f"{parts.scheme}://{place}/", user, password)
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Transport(dial),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPBasicAuthHandler(passwords),
        urllib.request.HTTPDigestAuthHandler(passwords),
    ):
        opener.add_handler(handler)
    return plain, opener


class _Transport(urllib.request.AbstractHTTPHandler):
    """Opens connections with ``dial``; certificates are checked against those of the system."""

    def __init__(self, dial: Dial) -> None:
        super().__init__()
        self._dial = dial

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._secure_connection, request)

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def _connection(self, host: str, /, **options: Any) -> http.client.HTTPConnection:
        return _Connection(host, self._dial, None, **options)

    def _secure_connection(self, host: str, /, **options: Any) -> http.client.HTTPConnection:
        return _Connection(host, self._dial, ssl.create_default_context(), **options)


class _Connection(http.client.HTTPConnection):
    def __init__(
        self, host: str, dial: Dial, tls: ssl.SSLContext | None, *, timeout: float
    ) -> None:
        self.default_port = 80 if tls is None else 443
        super().__init__(host, timeout=timeout)
        self._dial = dial
        self._tls = tls
        self._seconds = timeout

    def connect(self) -> None:
        connection = self._dial(self.host, self.port, self._seconds)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_hostname=self.host)
        self.sock = connection

    def getresponse(self) -> http.client.HTTPResponse:
        response = super().getresponse()
        if self.sock is not None:
            self.sock.settimeout(READ_SECONDS)
        return response


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS
    max_repeats = MAX_REDIRECTS


def _cause(error: Exception) -> str:
    """Why there is no content, without what the server says: that may repeat the URL."""
    if isinstance(error, HTTPError):
        error.close()
        return _ANSWERS.get(error.code, f"the server answers {error.code}")
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}): "
            "name a file with the right one in SSL_CERT_FILE"
        )
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, SourceError):
        return str(error)
    if isinstance(error, URLError):
        return _MISLED
    return _system_text(error) if isinstance(error, OSError) else "its answer is not HTTP"


def _system_text(error: OSError) -> str:
    text = error.strerror or type(error).__name__
    return f"{text[:1].lower()}{text[1:]}"


_MISLED = "it redirects too often, or to what is no web address"
_ANSWERS = {
    **dict.fromkeys((301, 302, 303, 307, 308), _MISLED),
    401: "the server asks for a user and a password (401)",
    403: "the server refuses (403)",
    404: "the server answers 404, not found",
}
