"""Push: a source that is read here becomes a channel of a hub elsewhere."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp

from televise import events
from televise.errors import Forbidden, InputError, SourceError, Unavailable
from televise.formats import flv
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.muxed import Chunk
from televise.model.backoff import Backoff
from televise.model.log import Cursor
from televise.model.name import check_name
from televise.model.rendition import Rendition
from televise.model.source import SourceSpec
from televise.outputs.flv import Endless

MAX_LATENCY_SECONDS = 1.0
CONNECT_SECONDS = 10.0
# A hub that does not answer for so long is gone.
PING_SECONDS = 10.0
# Close code by which a hub says that a key does not do (RFC 6455 section 7.4.1).
NOT_ALLOWED = 1008


@dataclass(frozen=True, slots=True)
class Target:
    """A channel of a hub, and the key for it."""

    url: str
    token: str

    @property
    def shown(self) -> str:
        """Where that is."""
        return self.url.removesuffix(".flv")


def parse_target(text: str, token: str) -> Target:
    """``http://HUB:8080/NAME``, or ``ws://``; its query may hold the ``token``. InputError."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise InputError("bad URL: write it as in http://hub.example:8080/cam") from None
    schemes = {"ws": "ws", "http": "ws", "wss": "wss", "https": "wss"}
    if url.scheme not in schemes or not url.hostname:
        raise InputError(f"{text.partition('?')[0]!r}: write it as in http://hub.example:8080/cam")
    query = dict(parse_qsl(url.query))
    token = query.pop("token", "") or token
    path, _, name = url.path.rpartition("/")
    check_name(name.partition(".")[0])
    if not token:
        raise InputError("a key is needed: --token KEY, or TELEVISE_TOKEN; televise token makes it")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    place = f"{host}:{port}" if port else host
    where = (schemes[url.scheme], place, f"{path}/{name.partition('.')[0]}.flv")
    return Target(urlunsplit((*where, urlencode(query), "")), token)


async def push(spec: SourceSpec, target: Target, stop: asyncio.Event) -> None:
    """Read ``spec`` and publish it, again and again, until ``stop``.

    TeleviseError where the source or the key will never do.
    """
    channel = Channel(spec)
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    channel.listeners.add(lambda each: _fail_if_final(each, failed))
    encoding = channel.acquire(Rendition("h264", "aac"))
    sending = asyncio.create_task(_send_for_ever(encoding, target))
    stopping = asyncio.create_task(stop.wait())
    try:
        ends: list[asyncio.Future[Any]] = [sending, stopping, failed]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for each in (sending, failed):
            if each.done():
                each.result()
    finally:
        for task in (sending, stopping):
            task.cancel()
        await asyncio.gather(sending, stopping, return_exceptions=True)
        await channel.close()


def _fail_if_final(channel: Channel, failed: "asyncio.Future[None]") -> None:
    wrong = channel.final and channel.state == "offline"
    if wrong and not failed.done():
        failed.set_exception(SourceError(channel.text, final=True))


async def _send_for_ever(encoding: Encoding, target: Target) -> None:
    backoff = Backoff(least=0.25, most=5.0)
    async with aiohttp.ClientSession() as session:
        while True:
            began = asyncio.get_running_loop().time()
            try:
                reason = await _send_once(session, encoding, target)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                reason = _explain(error)
            if asyncio.get_running_loop().time() - began > CONNECT_SECONDS:
                backoff.reset()
            wait = backoff.next(random.random())
            events.warning("not publishing", to=target.shown, reason=reason, next=f"{wait:.2f} s")
            await asyncio.sleep(wait)


async def _send_once(session: aiohttp.ClientSession, encoding: Encoding, target: Target) -> str:
    """One connection; returns why it ended. Forbidden where it is not worth another."""
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    connecting = session.ws_connect(
        target.url, headers=headers, heartbeat=PING_SECONDS, compress=0, max_msg_size=65_536
    )
    async with await asyncio.wait_for(connecting, CONNECT_SECONDS) as websocket:
        sending = asyncio.create_task(_send(websocket, encoding))
        hearing = asyncio.create_task(websocket.receive())
        try:
            await asyncio.wait([sending, hearing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)
        return _reason(sending, hearing, websocket.close_code, target)


def _reason(
    sending: "asyncio.Task[str]",
    hearing: "asyncio.Task[aiohttp.WSMessage]",
    code: int | None,
    target: Target,
) -> str:
    """Why a connection has ended; Forbidden."""
    if not hearing.cancelled():
        reason = hearing.result().extra
        if code == NOT_ALLOWED:
            raise Forbidden(f"{target.shown}: {reason or 'it does not let us publish'}")
        return str(reason or "the connection has ended")
    return sending.result()


async def _send(websocket: aiohttp.ClientWebSocketResponse, encoding: Encoding) -> str:
    """Send one epoch, from its newest keyframe on; the next needs a new beginning."""
    news = asyncio.Event()
    muxed = encoding.muxed(_OneEpoch)
    muxed.deliver = _set(news)
    cursor = Cursor(muxed.log, MAX_LATENCY_SECONDS)
    init = b""
    while True:
        while (chunk := cursor.read()) is not None:
            if init and chunk.init is not init:
                return "another format begins"
            await websocket.send_bytes(chunk.data if init else chunk.init + chunk.data)
            init = chunk.init
        news.clear()
        await news.wait()


class _OneEpoch(Endless):
    """Muxer: as for viewers, but by its header each epoch can be told from the last."""

    def _frame_init(self, epoch: int) -> bytes:
        return bytes(bytearray(flv.HEADER))  # equal, but not the same


def _set(event: asyncio.Event) -> Callable[[Chunk], None]:
    return lambda chunk: event.set()


def _explain(error: Exception) -> str:
    if isinstance(error, aiohttp.WSServerHandshakeError):
        if error.status in (401, 403, 404):
            raise Unavailable(f"the hub answers {error.status}: see televise token") from None
        return f"the hub answers {error.status}"
    return "no answer in time" if isinstance(error, TimeoutError) else str(error)
