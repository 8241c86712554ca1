"""Handed: requests that a fan-out process hands on, between it and its hub.

They come by a Unix socket that nobody else can reach. Headers say who really asks, how, and whether
with a certificate; what the process asks for itself has none.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from televise.web.share import CERTIFIED, OWN_PROCESS

ADDRESS = "X-Televise-Address"
SCHEME = "X-Televise-Scheme"
CERTIFICATE = "X-Televise-Certificate"


@web.middleware
async def receive(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The hub's end: the request as it came to the fan-out process."""
    if SCHEME not in request.headers:
        request[OWN_PROCESS] = True
        return await handler(request)
    headers = request.headers
    theirs = request.clone(remote=headers.get(ADDRESS, ""), scheme=headers[SCHEME])
    theirs[CERTIFIED] = headers.get(CERTIFICATE) == "yes"
    return await handler(theirs)


def who_asks(request: web.Request) -> dict[str, str]:
    """The headers."""
    certified = "yes" if request.get_extra_info("peercert") else "no"
    return {ADDRESS: request.remote or "", SCHEME: request.scheme, CERTIFICATE: certified}
