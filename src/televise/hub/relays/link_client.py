"""The client's end of a link to another hub: a WebSocket that is closed without ceremony."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from televise.link.messages import Hello, Keyframe, Message
from televise.link.protocol import SUBPROTOCOL, VERSION, encode
from televise.model.rendition import Rendition

# Takes each message as it comes; true where that is enough.
Take = Callable[[Message], bool]
CONNECT_SECONDS = 5.0
# Where media are silent it is asked after so long, and has half of that to answer.
HEARTBEAT_SECONDS = 4.0
MAX_MEDIA_BYTES = 17 << 20
# All that is said on a link that carries media: there is one subscription on it.
HELLO, KEYFRAME = encode(Hello(VERSION)), encode(Keyframe(1))
REPORT_SECONDS = 2.0
# We have no time for farewells: the next upstream waits.
CLOSE_SECONDS = 0.1


@contextlib.asynccontextmanager
async def connected(
    session: aiohttp.ClientSession,
    url: str,
    token: str,
    most: int,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """To ``url``, with ``token`` as key; messages have ``most`` bytes. ``context`` says whose
    certificates are believed. aiohttp.ClientError, OSError, TimeoutError."""
    connecting = session.ws_connect(
        url,
        protocols=[SUBPROTOCOL],
        headers={"Authorization": f"Bearer {token}"} if token else {},
        compress=0,
        max_msg_size=most,
        heartbeat=HEARTBEAT_SECONDS,
        ssl=(context or _trusted()) if url.startswith("wss:") else True,
        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
    )
    async with asyncio.timeout(CONNECT_SECONDS):
        websocket = await connecting
    try:
        yield websocket
    finally:
        with contextlib.suppress(Exception):
            await websocket.close()


@contextlib.asynccontextmanager
async def reporting(
    websocket: aiohttp.ClientWebSocketResponse, report: Callable[[], dict[str, Any]]
) -> AsyncIterator[None]:
    """Say again and again who we are, and how many watch here."""

    async def tell() -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while True:
                await websocket.send_str(json.dumps(report(), separators=(",", ":")))
                await asyncio.sleep(REPORT_SECONDS)

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


def target(path: str, name: str, rendition: Rendition, more: Mapping[str, str]) -> str:
    """Where one rendition of a channel is asked for: ``path`` has ``{}`` for the name."""
    wanted = json.dumps(rendition.to_json(), separators=(",", ":"))
    return path.format(quote(name)) + "?" + urlencode({"rendition": wanted, **more})


@cache
def _trusted() -> ssl.SSLContext:
    """Certificates are checked by the system's store, or the one that SSL_CERT_FILE names, as it is
    when it is first needed: what aiohttp has was loaded before."""
    return ssl.create_default_context()
