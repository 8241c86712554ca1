"""Pushing: a source is read here, and a hub elsewhere is given what it wants of it."""

import asyncio
import json
import random
import secrets
import socket
import time
from dataclasses import replace
from typing import Any

import aiohttp

from televise import events
from televise.errors import Forbidden, FormatError, PeerError, SourceError, Unavailable
from televise.formats.strict_json import parse_json
from televise.formats.websocket import NOT_UNDERSTOOD
from televise.hub.channel import Channel
from televise.link.protocol import SUBPROTOCOL, Receiver
from televise.link.unreached import unreached
from televise.model.backoff import Backoff
from televise.model.source import SourceSpec
from televise.model.unix_time import is_unix_time
from televise.push.drain import Drains
from televise.push.provider import Provider, Send
from televise.push.target import Target
from televise.web.connections.socket_options import set_options

CONNECT_SECONDS = 10.0
# A hub says something every two seconds; one that does not is gone.
SILENCE_SECONDS = 8.0
CLOSE_SECONDS = 0.5
MAX_MESSAGE_BYTES = 65_536
# What has been read when the source ends has so long to get there.
DRAIN_SECONDS = 5.0
_DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


async def push(spec: SourceSpec, target: Target, stop: asyncio.Event) -> None:
    """Publish ``spec`` until ``stop``. TeleviseError where the source, the channel or the
    key will never do."""
    channel = Channel(replace(spec, name=target.name))
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    channel.listeners.add(lambda each: _end_if_final(each, ended))
    if not _is_read_once(channel):
        channel.open()
    pusher = Pusher(channel, target)
    pushing = asyncio.create_task(pusher.run())
    stopping = asyncio.create_task(stop.wait())
    ends: list[asyncio.Future[Any]] = [pushing, stopping, ended]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for each in (pushing, ended):
            if each.done():
                each.result()
        if ended.done():
            ends = [pushing, stopping, asyncio.create_task(pusher.drained())]
            await asyncio.wait(ends, timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pushing, *ends):
            task.cancel()
        await asyncio.gather(pushing, *ends, return_exceptions=True)
        await channel.close()


def _end_if_final(channel: Channel, ended: "asyncio.Future[None]") -> None:
    """A source that has shown something has come to its end; another one is a mistake."""
    if not channel.final or channel.state != "offline" or ended.done():
        return
    if channel.was_live:
        ended.set_result(None)
    else:
        ended.set_exception(SourceError(channel.text, final=True))


def _is_read_once(channel: Channel) -> bool:
    """Whether what is read while no hub has been reached is lost; it can wait until then."""
    return channel.spec.kind == "stdin"


class Pusher:
    """Connects to the ``target`` again and again, and is the provider of ``channel`` there."""

    def __init__(self, channel: Channel, target: Target) -> None:
        self._channel = channel
        self._target = target
        # By this the hub knows that it is the same one that comes again.
        self._node = secrets.token_hex(8)
        self._drains = Drains()
        self._provider: Provider | None = None

    async def drained(self) -> None:
        """Until the hub has been sent all that it wants, if it is there."""
        if self._provider is not None:
            await self._provider.drained()

    async def run(self) -> None:
        """For ever. Forbidden or Unavailable where that is in vain."""
        backoff, loop = Backoff(least=0.25, most=5.0), asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(socket_factory=_socket, force_close=True)
        async with aiohttp.ClientSession(
            connector=connector, trace_configs=[self._drains.trace]
        ) as session:
            while True:
                began = loop.time()
                reason = await self._try_once(session)
                if loop.time() - began > CONNECT_SECONDS:
                    backoff.reset()
                wait, where = backoff.next(random.random()), self._target.shown
                events.warning("not publishing", to=where, reason=reason, next=f"{wait:.2f} s")
                await asyncio.sleep(wait)

    async def _try_once(self, session: aiohttp.ClientSession) -> str:
        """One connection; returns why it ended. Forbidden, Unavailable."""
        try:
            return await self._provide(session)
        except (aiohttp.ClientError, OSError, TimeoutError, PeerError) as error:
            return _explain(error, self._target.shown)

    async def _provide(self, session: aiohttp.ClientSession) -> str:
        connecting = session.ws_connect(
            self._target.url(self._node),
            headers={"Authorization": f"Bearer {self._target.token}"},
            protocols=[SUBPROTOCOL],
            compress=0,
            max_msg_size=MAX_MESSAGE_BYTES,
            ssl=self._target.context or True,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
        )
        async with asyncio.timeout(CONNECT_SECONDS):
            websocket = await connecting
        async with websocket:
            provider = self._provider = Provider(self._channel, self._sender(websocket))
            sending = asyncio.create_task(provider.run())
            hearing = asyncio.create_task(self._hear(websocket, provider))
            try:
                await asyncio.wait([sending, hearing], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, hearing):
                    task.cancel()
                await asyncio.gather(sending, hearing, return_exceptions=True)
                self._provider = None
            # What the hub says of the end tells more than that nothing can be sent.
            if hearing.cancelled():
                await sending
            return await hearing

    def _sender(self, websocket: aiohttp.ClientWebSocketResponse) -> Send:
        """Sends on it; each message when the one before has gone."""
        drain = self._drains.newest
        assert drain is not None

        async def send(said: bytes | str) -> None:
            if isinstance(said, str):
                await websocket.send_str(said)
            else:
                await websocket.send_bytes(said)
            await drain.wait()

        return send

    async def _hear(self, websocket: aiohttp.ClientWebSocketResponse, provider: Provider) -> str:
        """Hear the hub until it goes; returns why. Forbidden, PeerError, TimeoutError."""
        receiver, publishing = Receiver("consumer"), False
        while True:
            heard = await websocket.receive(SILENCE_SECONDS)
            if heard.type in _DATA and not publishing:  # nothing is said to who has no seat
                publishing = True
                if _is_read_once(self._channel):
                    self._channel.open()
                events.info("publishing", to=self._target.shown)
            if heard.type == aiohttp.WSMsgType.TEXT:
                provider.say("clock", _answer(heard.data))
            elif heard.type == aiohttp.WSMsgType.BINARY:
                for message in receiver.feed(heard.data):
                    provider.hear(message)
            elif websocket.close_code == NOT_UNDERSTOOD:
                reason = str(heard.extra or "it does not let us publish")
                raise Forbidden(f"{self._target.shown}: {reason}")
            else:
                return str(heard.extra or "the connection has ended")


def _answer(text: str) -> str:
    """What our clock shows, to a hub that says what its own does. FormatError."""
    said = parse_json(text)
    asked = said.get("clock") if isinstance(said, dict) else None
    if not is_unix_time(asked):
        raise FormatError("not what a clock shows")
    return json.dumps({"clock": asked, "time": time.time_ns()})


def _socket(address: Any) -> socket.socket:
    """One that holds little back."""
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)
    set_options(made)
    return made


def _explain(error: Exception, shown: str) -> str:
    if isinstance(error, aiohttp.WSServerHandshakeError):
        if error.status in (401, 403):
            raise Forbidden(f"{shown}: it wants another key, which televise token makes") from None
        if error.status == 404:
            raise Unavailable(f"{shown}: there is no hub that takes this") from None
        if error.status == 421:
            return "the hub does not know that name of its own: it needs --origin with its URL"
        return f"the hub answers {error.status}"
    return unreached(error, secure=shown.startswith("wss:"))
