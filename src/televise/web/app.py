"""The web application: pages, assets, and what an error looks like to whom."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from televise.errors import (
    Busy,
    Forbidden,
    InputError,
    LimitReached,
    TeleviseError,
    TooLarge,
    TooManyTries,
    Unauthorized,
    Unavailable,
    UnknownChannel,
    Unsupported,
)
from televise.hub.channel import Channel
from televise.model.name import check_name
from televise.web.connections.threshold import RETRY_SECONDS, threshold
from televise.web.edge import Edge
from televise.web.pages import (
    ChannelCard,
    index_page,
    locked_page,
    missing_page,
    not_for_publishing_page,
    publish_page,
    watch_page,
)
from televise.web.query import keyless, parse_query
from televise.web.trust.access import Access, access_of
from televise.web.trust.guard import needs, public
from televise.web.trust.security import Gate

_ASSETS = {
    "televise.js": "text/javascript",
    "televise-mpeg1.js": "text/javascript",
    "televise-publish.js": "text/javascript",
    "televise.css": "text/css",
}
_STATUS: tuple[tuple[type[TeleviseError], int], ...] = (
    (InputError, 400),
    (Unauthorized, 401),
    (TooManyTries, 429),
    (Forbidden, 403),
    (UnknownChannel, 404),
    (Busy, 409),
    (TooLarge, 413),
    (Unsupported, 415),
    (Unavailable, 503),
)


def make_app(edge: Edge, gate: Gate, *middlewares: Middleware) -> web.Application:
    """The application, without the outputs; ``middlewares`` see what the gate lets in."""
    app = make_bare_app(edge, gate, *middlewares, _nowhere)
    app.router.add_routes(_Pages(edge).routes())
    return app


def make_bare_app(edge: Edge, gate: Gate, *middlewares: Middleware) -> web.Application:
    """An application that answers nothing yet, but is guarded, and explains errors."""
    app = web.Application(
        middlewares=[*gate.middlewares(), threshold(edge.sizes), _explain(edge), *middlewares]
    )
    app.on_response_prepare.append(gate.add_headers)
    return app


class _Pages:
    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/assets/{file}", self._asset),
            web.get("/{name:[A-Za-z0-9_-]+}", self._watch),
            web.get("/{name:[A-Za-z0-9_-]+}/", self._leave_slash),
            web.get("/{name:[A-Za-z0-9_-]+}/publish", self._publish),
        ]

    @needs("view", some=True)
    async def _index(self, request: web.Request) -> web.Response:
        return _html(index_page(_cards(self._edge, access_of(request))))

    async def _watch(self, request: web.Request) -> web.Response:
        channel = self._edge.hub.channel(request.match_info["name"])
        parse_query(request.query_string).rendition("mjpeg")  # of all, it takes the most
        private, query = not access_of(request).to_all, keyless(request.query_string)
        return _html(watch_page(_card(self._edge, channel), query, private=private))

    async def _leave_slash(self, request: web.Request) -> web.Response:
        """People type it. Relative, for we may be below a path; the name is one of a channel, so
        that it leads nowhere else."""
        channel = self._edge.hub.channel(request.match_info["name"])
        query = request.rel_url.raw_query_string
        location = f"../{channel.name}{query and f'?{query}'}"
        return web.Response(status=308, headers={"Location": location})

    @needs("know")
    async def _publish(self, request: web.Request) -> web.Response:
        name, hub = request.match_info["name"], self._edge.hub
        if not hub.has(name) and self._edge.seats.new_channels:
            return _html(publish_page(check_name(name)))
        channel = hub.channel(name)
        if channel.spec.kind != "publish":
            return _html(not_for_publishing_page(name, channel.spec.public), 404)
        return _html(publish_page(name))

    @public
    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name not in _ASSETS:
            raise web.HTTPNotFound(text=f"no asset {name!r}\n")
        body = _read_asset(name)
        # Code is no secret, and on a page that may not show anything the player says why.
        headers = {
            "Cache-Control": "no-cache",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return web.Response(body=body, content_type=_ASSETS[name], charset="utf-8", headers=headers)


@cache
def _read_asset(name: str) -> bytes:
    return files("televise").joinpath("assets", name).read_bytes()


def _explain(edge: Edge) -> Middleware:
    """Turns our exceptions into answers: a page for people, JSON for the API, a line for others."""

    @web.middleware
    async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ConnectionError:
            return web.Response(status=503)  # nobody hears it: the viewer has gone
        except TeleviseError as error:
            status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
            return _error(request, edge, error, status)

    return explain


@web.middleware
async def _nowhere(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An address of no channel, stream or page: says where they are."""
    if not isinstance(request.match_info.http_exception, web.HTTPNotFound):
        return await handler(request)
    text = "there is nothing at this address: / has the channels, /api/openapi.json every address"
    if request.path.startswith("/api/"):
        return web.json_response({"error": text}, status=404)
    return web.Response(text=f"{text}\n", status=404)


def _error(
    request: web.Request, edge: Edge, error: TeleviseError, status: int
) -> web.StreamResponse:
    headers, text = {"Cache-Control": "no-store"}, _text(request, error)
    if status == 429:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS if isinstance(error, LimitReached) else 1)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="televise"'
    if request.path.startswith("/api/"):
        return web.json_response({"error": text}, status=status, headers=headers)
    if "text/html" in request.headers.get("Accept", "") and (page := _page(request, edge, error)):
        return _html(page, status, headers)
    return web.Response(text=f"{text}\n", status=status, headers=headers)


def _text(request: web.Request, error: TeleviseError) -> str:
    """One line; it names the channels that the client may know of."""
    if not isinstance(error, UnknownChannel) or not error.known:
        return str(error)
    access = access_of(request)
    known = [name for name in error.known if access.may_know(name)]
    return f"{error}; there is: {', '.join(known)}" if known else str(error)


def _page(request: web.Request, edge: Edge, error: TeleviseError) -> str | None:
    """What a person is shown, where there is more to say than one line."""
    name, root = request.match_info.get("name"), "../" * (request.path.count("/") - 1)
    if isinstance(error, UnknownChannel) and name:
        return missing_page(name, _cards(edge, access_of(request)), root)
    if isinstance(error, Unauthorized | Forbidden | TooManyTries):
        return locked_page(str(error), root)
    return None


def _cards(edge: Edge, access: Access) -> list[ChannelCard]:
    return [_card(edge, each) for each in edge.hub.channels if access.may_know(each.name)]


def _card(edge: Edge, channel: Channel) -> ChannelCard:
    publishable = channel.spec.kind == "publish"
    viewers = edge.census.viewers(channel)
    return ChannelCard(channel.name, channel.state, channel.public_text, viewers, publishable)


def _html(
    text: str, status: int = 200, more: Mapping[str, str] = MappingProxyType({})
) -> web.Response:
    headers = {"Cache-Control": "no-store", **more}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
