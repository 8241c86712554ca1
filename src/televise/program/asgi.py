"""asgi: the channels of a program inside its own FastAPI, Starlette or other ASGI application.

The application (ASGI 3.0) hands every GET and every WebSocket on to the hub, whose process stays
the one that copies pictures. Bytes and messages go through as they come; who is slow is waited for,
so that the hub sees that and skips for them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from televise.errors import InputError
from televise.model.hub_url import parse_hub_url

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# RFC 9110 section 7.6.1: what is between two neighbours only.
_HOP_BY_HOP = {
    *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
    *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
}
# What is the outer application's own business; of its cookies, the hub gets those it has set.
_NOT_FOR_THE_HUB = _HOP_BY_HOP | {b"host", b"origin", b"cookie", b"authorization"}
# Who asks is what the application's server says, and not what it was told by whomever.
_SAID_BY_ANYBODY = {b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"}
_COOKIE = "televise-"
EXAMPLE = "http://127.0.0.1:8080"
_REFUSED = 1008  # RFC 6455 section 7.4.1: policy violation
_WENT_WRONG = 1011
_NO_STATUS = (None, 1005, 1006)  # those that stand in no close frame
_TEXT = [(b"content-type", b"text/plain; charset=utf-8")]


class HasUrl(Protocol):
    """A hub, such as `televise.Server`."""

    @property
    def url(self) -> str:
        """Where it answers."""


def asgi(hub: HasUrl | str) -> Application:
    """An application that answers as ``hub``, a Server or the URL of a hub, does.

    Mount it: ``app.mount("/live", televise.asgi(server))`` makes ``/live/cam.mjpg`` and all others.
    WebSockets are opened for pages of the application's own host only. InputError for what is
    neither.
    """
    url = hub if isinstance(hub, str) else getattr(hub, "url", None)
    if not isinstance(url, str):
        raise InputError(f"asgi takes a Server, or the URL of a hub: not {type(hub).__name__}")
    base = parse_hub_url(url, EXAMPLE).http

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await _answer_socket(base, scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            await _until_gone(_answer(base, scope, send), receive)
        else:
            await _refuse(send, 405, "only GET and HEAD are answered here")

    return application


async def _live(receive: Receive, send: Send) -> None:
    """Nothing has to be done at start and end."""
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


def _target(base: str, scope: Scope) -> URL:
    """The hub's URL for what is asked for, without the place where we are mounted."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root) :]
    query = scope.get("query_string", b"").decode("latin-1")
    text = f"{base}{quote(path) or '/'}"
    return URL(f"{text}?{query}" if query else text, encoded=True)


def _session() -> aiohttp.ClientSession:
    """For one request, so that nothing is left open when the application ends."""
    return aiohttp.ClientSession(
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )


def _headers(scope: Scope) -> list[tuple[str, str]]:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in _kept(scope["headers"], _NOT_FOR_THE_HUB | _SAID_BY_ANYBODY)
        if not name.lower().startswith(b"sec-websocket-")
    ]
    cookies = "; ".join(_cookies(scope))
    return [*headers, *_forwarded(scope), *([("Cookie", cookies)] if cookies else [])]


def _forwarded(scope: Scope) -> Iterator[tuple[str, str]]:
    """For whom we ask, which a hub believes whose ``--trusted-proxy`` this machine is."""
    if client := scope.get("client"):
        yield "X-Forwarded-For", client[0]
    secure = scope.get("scheme") in ("https", "wss")
    yield "X-Forwarded-Proto", "https" if secure else "http"


def _cookies(scope: Scope) -> Iterator[str]:
    """By which who came with a key may come back without (RFC 6265 section 4.2.1)."""
    for name, value in scope["headers"]:
        for pair in value.decode("latin-1").split(";") if name.lower() == b"cookie" else ():
            if pair.strip().startswith(_COOKIE):
                yield pair.strip()


def _kept(headers: Iterable[tuple[bytes, bytes]], dropped: set[bytes]) -> list[tuple[bytes, bytes]]:
    """Without those that are dropped, and those that ``Connection`` names."""
    pairs = list(headers)
    named = [value for name, value in pairs if name.lower() == b"connection"]
    listed = {each.strip().lower() for each in b",".join(named).split(b",")}
    return [(name, value) for name, value in pairs if name.lower() not in dropped | listed]


async def _until_gone(answer: Awaitable[None], receive: Receive) -> None:
    """Answer until that is done, or until the client has gone."""
    answering = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(_wait_for_end(receive))
    try:
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not answering.done():
            answering.cancel()
        await asyncio.wait([answering, leaving])
    if not answering.cancelled():
        answering.result()


async def _wait_for_end(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def _answer(base: str, scope: Scope, send: Send) -> None:
    async with _session() as session:
        try:
            response = await session.request(
                scope["method"],
                _target(base, scope),
                headers=_headers(scope),
                allow_redirects=False,
            )
        except aiohttp.ClientError as error:
            await _refuse(send, 502, f"the hub cannot be reached: {error}")
            return
        async with response:
            headers = _kept(response.raw_headers, _HOP_BY_HOP)
            start = {"type": "http.response.start", "status": response.status}
            await send({**start, "headers": [(name.lower(), value) for name, value in headers]})
            async for data in response.content.iter_any():
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, status: int, text: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _TEXT})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


async def _answer_socket(base: str, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    if not _is_own_page(scope):
        await send({"type": "websocket.close", "code": _REFUSED})
        return
    target = _target(base, scope)
    async with _session() as session:
        try:
            upstream = await session.ws_connect(
                target.with_scheme("https" if target.scheme in ("https", "wss") else "http"),
                protocols=scope.get("subprotocols", ()),
                headers=_headers(scope),
                max_msg_size=0,
            )
        except aiohttp.ClientError:
            await send({"type": "websocket.close", "code": _WENT_WRONG})
            return
        async with upstream:
            await send({"type": "websocket.accept", "subprotocol": upstream.protocol})
            await _until_gone(_download(upstream, send), _uploading(upstream, receive))


def _is_own_page(scope: Scope) -> bool:
    """Whether no page of another host asks (RFC 6455 section 10.2)."""
    headers = {name.lower(): value.decode("latin-1").lower() for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin).netloc == headers.get(b"host", "")


async def _download(upstream: aiohttp.ClientWebSocketResponse, send: Send) -> None:
    async for message in upstream:
        if message.type == aiohttp.WSMsgType.BINARY:
            await send({"type": "websocket.send", "bytes": message.data})
        elif message.type == aiohttp.WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data})
    code = upstream.close_code
    await send({"type": "websocket.close", "code": _WENT_WRONG if code in _NO_STATUS else code})


def _uploading(upstream: aiohttp.ClientWebSocketResponse, receive: Receive) -> Receive:
    """``receive`` that hands on what the client says."""

    async def receive_and_send() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive":
            if message.get("bytes") is not None:
                await upstream.send_bytes(message["bytes"])
            else:
                await upstream.send_str(message["text"])
        return message

    return receive_and_send
