"""HubUrl: where a hub is, or something on it, as people write it."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from televise.errors import InputError

# Written as: secure, and meant for WebSockets.
_SCHEMES = {
    "http": (False, False),
    "https": (True, False),
    "ws": (False, True),
    "wss": (True, True),
}
# Of no URL (RFC 3986); `urlsplit` takes some of them, and drops others.
_NEVER = re.compile(r"""[\x00-\x20\x7f<>"{}|\\^`]""")


@dataclass(frozen=True, slots=True)
class HubUrl:
    """``place`` is host and port as in a URL, ``path`` has no slash at its end. ``token`` is the
    key in its query, ``query`` the rest of that; ``websocket`` whether it was written as ws://."""

    secure: bool
    websocket: bool
    host: str
    port: int
    place: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    token: str = field(default="", repr=False)

    @property
    def http(self) -> str:
        """As ``http://`` or ``https://``, without its query."""
        return f"http{'s' if self.secure else ''}://{self.place}{self.path}"

    @property
    def ws(self) -> str:
        """As ``ws://`` or ``wss://``, likewise."""
        return f"ws{'s' if self.secure else ''}://{self.place}{self.path}"


def parse_hub_url(text: str, example: str) -> HubUrl:
    """``http://HOST[:PORT][/PATH]``, also ``https``, ``ws`` and ``wss``. InputError, in which
    ``example`` is what would be right, and neither a key nor a password is."""
    try:
        parts = urlsplit(text)
        port = parts.port
        valid = parts.scheme in _SCHEMES and _is_host(parts.hostname) and port != 0
    except ValueError:
        valid, port = False, None
    if not valid or "@" in parts.netloc or _NEVER.search(text):
        shown = text.partition("?")[0].rpartition("@")[2]
        raise InputError(f"{shown!r}: write it as in {example}")
    secure, websocket = _SCHEMES[parts.scheme]
    query = parse_qsl(parts.query)
    return HubUrl(
        secure,
        websocket,
        parts.hostname or "",
        port or (443 if secure else 80),
        parts.netloc,
        parts.path.rstrip("/"),
        tuple(pair for pair in query if pair[0] != "token"),
        dict(query).get("token", ""),
    )


def _is_host(host: str | None) -> bool:
    """An address, or a name that can be asked for. ValueError where it is too long, or begins with
    a dot."""
    return host is not None and bool(host.encode("idna"))
