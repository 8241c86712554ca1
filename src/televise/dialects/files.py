"""Files: those of a directory that the user names, in front of what a dialect answers itself.

So the original's own pages and scripts can stand on the original's own port.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import wraps
from html import escape
from mimetypes import guess_type
from pathlib import Path
from string import Template

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


Fill = Callable[[web.Request], Mapping[str, str]]
"""What is filled into the index, by name."""


def in_front(routes: Routes, directory: Path, words: Fill | None = None) -> Routes:
    """The same routes, but what is a file in ``directory`` is answered with that; its index is a
    template where there are ``words`` for it."""
    files = _Files(directory, words)
    found = [files.before(route) if route.method == "GET" else route for route in routes]
    if not any(route.path == ANYWHERE for route in routes):
        found.append(web.get(ANYWHERE, files.first(_nothing)))
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


def fill(page: bytes, words: Mapping[str, str]) -> bytes:
    """A page that is a template as Python's `string.Template` is one, with ``words`` as its text,
    so that none of them is markup. ``$$`` is a ``$``; what has another name stays as it is."""
    escaped = {name: escape(word) for name, word in words.items()}
    text = Template(page.decode("utf-8", "surrogateescape")).safe_substitute(escaped)
    return text.encode("utf-8", "surrogateescape")


class _Files:
    """Those of ``directory``, and ``words`` for its index."""

    def __init__(self, directory: Path, words: Fill | None) -> None:
        self._directory = directory
        self._words = words

    def before(self, route: web.RouteDef) -> web.RouteDef:
        return web.get(route.path, self.first(route.handler), **route.kwargs)

    def first(self, handler: Handler) -> Handler:
        @wraps(handler)
        async def answer(request: web.Request) -> web.StreamResponse:
            if not is_websocket(request):
                found = await asyncio.to_thread(find, self._directory, request.path)
                if found is not None:
                    return await self._file(request, found)
            return await handler(request)

        return answer

    async def _file(self, request: web.Request, found: Path) -> web.StreamResponse:
        kind = guess_type(found.name)[0] or "application/octet-stream"
        headers = {**HEADERS, "Content-Type": kind}
        if self._words is None or found != (self._directory / INDEX).resolve():
            return web.FileResponse(found, headers=headers)
        page = await asyncio.to_thread(found.read_bytes)
        return web.Response(body=fill(page, self._words(request)), headers=headers)


async def _nothing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound
