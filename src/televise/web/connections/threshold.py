"""Threshold: what is asked of every request before anything else: a place, and a short header."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from televise.model import refusals
from televise.web.connections.connection import Connection
from televise.web.connections.places import Place
from televise.web.sizes import Sizes

# More of them are no HTTP, as is a line of more than 8190 bytes.
MAX_HEADER_LINES = 64
RETRY_SECONDS = 5
_FOR_OPERATOR = ("/healthz", "/readyz", "/metrics", "/api/")
# Walls and other hubs are an audience, too.
_FOR_AUDIENCE = ("/api/link", "/api/wall")


def threshold(sizes: Sizes) -> Middleware:
    """Turns away who has none of these; ``sizes`` say how long a header may be now."""

    @web.middleware
    async def at_threshold(request: web.Request, handler: Handler) -> web.StreamResponse:
        lines = request.raw_headers
        if sum(len(name) + len(value) + 4 for name, value in lines) > sizes.header:
            refusals.counts["header_kilobytes"] += 1
            text = f"a header may have {sizes.header >> 10} KiB: send fewer or shorter fields\n"
            return web.Response(status=431, text=text)
        if _place(request) is not Place.SPARE:
            return await handler(request)
        answer = await handler(request) if _is_for_operator(request.path) else _full()
        answer.force_close()
        return answer

    return at_threshold


def _place(request: web.Request) -> Place:
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    return connection.place if isinstance(connection, Connection) else Place.USUAL


def _is_for_operator(path: str) -> bool:
    return path.startswith(_FOR_OPERATOR) and not path.startswith(_FOR_AUDIENCE)


def _full() -> web.Response:
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return web.Response(status=503, text="too many connections: try again later\n", headers=headers)
