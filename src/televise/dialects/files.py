"""Files: those of a directory that the user names, in front of what a dialect answers itself.

So the original's own pages and scripts can stand on the original's own port.
"""

import asyncio
from functools import wraps
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from televise.dialects.dialect import Routes
from televise.web.sockets import is_websocket

INDEX = "index.html"
ANYWHERE = "/{path:.*}"
HEADERS = {
    "Cache-Control": "no-cache",
    # They are the user's own, and most originals have scripts inside of their pages.
    "Content-Security-Policy": "object-src 'none'; base-uri 'none'; frame-ancestors 'self'",
}


def in_front(routes: Routes, directory: Path) -> Routes:
    """The same routes, but what is a file in ``directory`` is answered with that."""
    found = [_before(route, directory) if route.method == "GET" else route for route in routes]
    if not any(route.path == ANYWHERE for route in routes):
        found.append(web.get(ANYWHERE, _first(_nothing, directory)))
    return found


def find(directory: Path, path: str) -> Path | None:
    """The file that a URL's ``path`` means, or the index of a directory; none that lies outside,
    by whatever link, and none whose name, or a directory's on the way to it, begins with a dot."""
    try:
        root = directory.resolve()
        found = (root / path.lstrip("/")).resolve()
        found = (found / INDEX).resolve() if path.endswith("/") else found
        names = found.relative_to(root).parts
        is_file = found.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, outside, links in a circle
        return None
    return found if is_file and not any(name.startswith(".") for name in names) else None


def _before(route: web.RouteDef, directory: Path) -> web.RouteDef:
    return web.get(route.path, _first(route.handler, directory), **route.kwargs)


def _first(handler: Handler, directory: Path) -> Handler:
    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        if not is_websocket(request):
            found = await asyncio.to_thread(find, directory, request.path)
            if found is not None:
                kind = guess_type(found.name)[0] or "application/octet-stream"
                return web.FileResponse(found, headers={**HEADERS, "Content-Type": kind})
        return await handler(request)

    return answer


async def _nothing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound
