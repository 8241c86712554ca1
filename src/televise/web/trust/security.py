"""Who may ask: Host and Origin are checked exactly, and every answer carries safe headers.

Host: against DNS rebinding. Origin: against pages of other sites that open our WebSockets
(RFC 6455 section 10.2). A client that sends no Origin is no browser's page and is let in.
"""

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from televise.errors import InputError
from televise.web.trust.proxies import Network, Proxies

# What a browser sends as Origin; it also stands in a header of ours, so nothing else may be in it.
_ORIGIN = re.compile(r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_PORT = re.compile(r":[0-9]*$")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "connect-src 'self' {sockets}; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors {ancestors}"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_EMBEDDING = "Cross-Origin-Resource-Policy"


def is_loopback(host: str) -> bool:
    """Whether listening on ``host`` is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_origin(origin: str) -> str:
    """An origin that the operator allows; InputError where it is none."""
    text = origin.lower().removesuffix("/")
    default = ":443" if text.startswith("https:") else ":80"
    text = text.removesuffix(default)  # browsers do not write it
    if not _ORIGIN.fullmatch(text):
        raise InputError(f"--origin {origin!r}: write scheme and host, as in https://example.org")
    return text


class Gate:
    """Decides on Host and Origin, for a server on ``host`` and ``port``.

    ``origins`` are those of other sites that may show our streams; pages that come from other
    ``ports`` of ours, under the same name, may always. ``same_site``: all pages of this machine may
    show our pictures, as notebooks do. ``names`` are those by which others know this machine.
    ``portless``: clients need not say the port behind the name, as old ones do not; browsers always
    do. ``secure``: it speaks TLS. What ``proxies`` say of the request is believed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        origins: Iterable[str],
        ports: Collection[int] = (),
        *,
        same_site: bool = False,
        names: Iterable[str] = (),
        portless: bool = False,
        secure: bool = False,
        proxies: Sequence[Network] = (),
    ) -> None:
        self._usual_port = 443 if secure else 80
        self._proxies = Proxies(proxies)
        self._has_proxies = bool(proxies)
        self._port = port
        self._ports = tuple(each for each in ports if each != port)
        self._loopback = is_loopback(host)
        self._same_site = same_site
        self._portless = portless
        own = {"localhost", "127.0.0.1", "[::1]", *map(_as_host, (host, *names))}
        if not self._loopback:
            own.add(socket.gethostname().lower())
        self._own = {f"{name}:{port}" for name in own}
        if port == self._usual_port:
            self._own |= own
        self.set_origins(origins)

    def set_origins(self, origins: Iterable[str]) -> None:
        """The sites that may show our streams, from now on."""
        self._origins = frozenset(map(check_origin, origins))
        self._hosts = self._own | {urlsplit(origin).netloc for origin in self._origins}
        self._headers = self._make_headers()

    def middlewares(self) -> list[Middleware]:
        """What stands before all others."""
        return [*([self._proxies.middleware()] if self._has_proxies else []), self.middleware()]

    def middleware(self) -> Middleware:
        """Refuses what is not for us, before anything looks at it."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._is_our_host(request):
                raise web.HTTPMisdirectedRequest(text="this server does not have that name\n")
            if self._must_check_origin(request) and not self._is_our_origin(request):
                raise web.HTTPForbidden(text="pages of other sites may not use this server\n")
            return await handler(request)

        return guard

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Signal handler: the safe headers, on every answer."""
        response.headers["Server"] = "televise"  # and not which version of what
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        origin = request.headers.get("Origin", "").lower()
        if origin in self._origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"
        response.headers.setdefault(_EMBEDDING, self._policy(request))

    def _make_headers(self) -> dict[str, str]:
        values = {
            "sockets": "ws: wss:" if not self._loopback else self._own_sockets(),
            "ancestors": " ".join(["'self'", *sorted(self._origins)]),
        }
        return {name: value.format(**values) for name, value in _HEADERS.items()}

    def _policy(self, request: web.Request) -> str:
        """Whose pages may show the answer. For an image a browser sends no Origin, but says which
        site it is for, unless the page hides that."""
        page = request.headers.get("Origin", "") or request.headers.get("Referer", "")
        if "/".join(page.lower().split("/", 3)[:3]) in self._origins:
            return "cross-origin"
        return "same-site" if self._ports or self._same_site else "same-origin"

    def _own_sockets(self) -> str:
        hosts = {host for host in self._hosts if "[" not in host}
        hosts |= {sibling for host in hosts for sibling in self._siblings(host)}
        return " ".join(f"ws://{host} wss://{host}" for host in sorted(hosts))

    def _is_our_host(self, request: web.Request) -> bool:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1:
            return request.version < (1, 1) and not hosts
        host = self._complete(hosts[0].lower())
        return host in self._hosts or (
            not self._loopback and _is_address(host, self._port, self._usual_port)
        )

    def _must_check_origin(self, request: web.Request) -> bool:
        return request.method not in ("GET", "HEAD") or "Upgrade" in request.headers

    def _is_our_origin(self, request: web.Request) -> bool:
        origins = request.headers.getall("Origin", [])
        if not origins:
            return request.headers.get("Sec-Fetch-Site", "") != "cross-site"
        origin = origins[0].lower()
        host = self._complete(request.headers.get("Host", "").lower())
        own = {f"{request.scheme}://{each}" for each in (host, *self._siblings(host))}
        return len(origins) == 1 and (origin in own or origin in self._origins)

    def _complete(self, host: str) -> str:
        """With our port, where it may be left out; the name must be ours all the same."""
        is_complete = not self._portless or host in self._hosts or _PORT.search(host)
        return host if is_complete else f"{host}:{self._port}"

    def _siblings(self, host: str) -> list[str]:
        """The same name with our other ports."""
        name = host.removesuffix(f":{self._port}")
        if ":" in name.rpartition("]")[2]:
            return []  # a site behind another port, such as a proxy's
        return [name if port == self._usual_port else f"{name}:{port}" for port in self._ports]


def _as_host(name: str) -> str:
    """As it stands in a URL."""
    return f"[{name}]" if ":" in name else name.lower()


def _is_address(host: str, port: int, usual_port: int) -> bool:
    """Whether ``host`` is a literal IP address with our port: no name, so nothing to rebind."""
    name, colon, number = host.rpartition(":")
    if not colon or number != str(port):
        name = host if port == usual_port else ""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
