"""Proxies: servers in front of ours, whose word is taken for who asks, and how they are asked.

``X-Forwarded-For`` and ``X-Forwarded-Proto`` are heard from them, and ignored from all others.
"""

import ipaddress
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from televise.errors import InputError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(text: str, option: str = "--trusted-proxy") -> Network:
    """``10.0.0.0/8``, or one address. InputError, which names ``option``."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise InputError(
            f"{option} {text!r}: an address or a network, as in 10.0.0.1 or 10.0.0.0/8"
        ) from None


class Proxies:
    """Those of ``networks`` are trusted."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def middleware(self) -> Middleware:
        """Lets the request look as it did in front of the proxy."""

        @web.middleware
        async def unwrap(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self.trusts(request.remote or ""):
                remote, scheme = self._remote(request), _scheme(request)
                request = request.clone(remote=remote, scheme=scheme)
            return await handler(request)

        return unwrap

    def _remote(self, request: web.Request) -> str:
        """The last address in the chain that is no proxy of ours; those before it are hearsay."""
        remote = request.remote or ""
        said = ",".join(request.headers.getall("X-Forwarded-For", []))
        for address in reversed([each.strip() for each in said.split(",") if each.strip()]):
            if not self.trusts(remote) or not _is_address(address):
                break
            remote = address
        return remote

    def trusts(self, address: str) -> bool:
        """Whether it is one of ours."""
        if not _is_address(address):
            return False
        known = ipaddress.ip_address(address)
        known = getattr(known, "ipv4_mapped", None) or known
        return any(known in network for network in self._networks)


def _scheme(request: web.Request) -> str:
    said = request.headers.get("X-Forwarded-Proto", "").lower()
    return said if said in ("http", "https") else request.scheme


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
