"""Guard: which addresses a URL may lead to that does not come from the operator.

Whoever may name a URL could otherwise reach what only this machine reaches: its own services, its
neighbours, a cloud's metadata (server-side request forgery).
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from televise.errors import SourceError

Resolve = Callable[[str, int], Iterable[str]]

# RFC 4291 section 2.4 and the registry of IANA: all that is given out of global unicast.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# RFC 6890 section 2.2.2: for protocols. Older Pythons take most of it for global.
_PROTOCOLS = IPv4Network("192.0.0.0/24")
# RFC 6052: an IPv4 address in the last 32 bits.
_NAT64 = IPv6Network("64:ff9b::/96")


def check_addresses(
    host: str, port: int, resolve: Resolve, networks: Sequence[str] = ()
) -> list[str]:
    """The addresses of ``host``, to connect to and to nothing else: asked again, a name may differ.

    SourceError where one of them is neither public nor in one of the operator's ``networks``;
    ``resolve`` raises OSError for unknown names.
    """
    allowed = [ip_network(network) for network in networks]
    addresses = list(resolve(host, port))
    if not addresses or not all(_may_be_reached(address, allowed) for address in addresses):
        raise SourceError(
            f"{host} is not a public address: use one that is, or let the server allow its network "
            "with --source-network"
        )
    return addresses


def _may_be_reached(address: str, allowed: Iterable[IPv4Network | IPv6Network]) -> bool:
    return is_public(address) or any(ip_address(address) in network for network in allowed)


def is_public(address: str) -> bool:
    """Whether anybody on the Internet could connect to this literal address."""
    plain = ip_address(address)
    if isinstance(plain, IPv6Address) and plain.scope_id:
        return False
    embedded = _embedded(plain) if isinstance(plain, IPv6Address) else []
    return all(map(_is_global, embedded)) if embedded else _is_global(plain)


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system knows for ``host``. OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if isinstance(address, IPv4Address) and address in _PROTOCOLS:
        return False
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses to which packets for ``address`` may be sent on."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    return []
