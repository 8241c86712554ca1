"""A host as people write it: a name or an address, perhaps as it stands in a URL."""


def bare(host: str) -> str:
    """Without the brackets that an IPv6 address has in a URL."""
    inside = host.removeprefix("[").removesuffix("]")
    return inside if host == f"[{inside}]" else host
