"""Upstream: another hub, whose channels are ours too."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import aiohttp

from televise import events
from televise.errors import FormatError, InputError, PeerError
from televise.link.messages import Message
from televise.link.protocol import Receiver
from televise.model.backoff import Backoff
from televise.model.name import check_name
from televise.model.rendition import Rendition
from televise.model.track import Track

SUBPROTOCOL = "televise.link.v1"
CONNECT_SECONDS = 5.0
# An upstream says something every two seconds; one that does not is gone.
SILENCE_SECONDS = 6.0
REPORT_SECONDS = 2.0
CLOCK_SECONDS = 5.0
MAX_MESSAGE_BYTES = 17 << 20
MAX_CHANNELS = 10_000
# More hubs than that between source and viewer are a mistake.
MAX_HOPS = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A channel that an upstream has. ``path``: the hubs through which it comes, ours not among
    them."""

    name: str
    state: str
    text: str
    path: tuple[str, ...]
    tracks: tuple[Track, ...]


@dataclass(slots=True)
class Clock:
    """How much later our clock is than that of an upstream, in nanoseconds: the best of several
    exchanges, which is the quickest one."""

    offset: int = 0
    delay: float = float("inf")

    def answered(self, asked: int, theirs: int, now: int) -> None:
        """Asked then, answered with their time, and now the answer is here (Unix nanoseconds)."""
        delay = (now - asked) / 1e9
        if delay <= self.delay * 1.5:
            self.delay, self.offset = delay, (asked + now) // 2 - theirs


@dataclass
class Upstream:
    """A hub at ``url`` (``ws://host:port``), and what it offers while we are connected to it."""

    url: str
    token: str = ""
    node: str = ""
    offers: dict[str, Offer] = field(default_factory=dict)
    connected: bool = False
    clock: Clock = field(default_factory=Clock)

    async def follow(
        self,
        session: aiohttp.ClientSession,
        node: str,
        viewers: Callable[[], dict[str, int]],
        changed: Callable[[], None],
    ) -> None:
        """Hear what it offers, for ever; ``changed`` is called each time that is another."""
        backoff = Backoff(least=0.25, most=5.0)
        while True:
            try:
                await self._follow_once(session, node, viewers, changed, backoff)
                reason = "it has closed the connection"
            except (aiohttp.ClientError, OSError, TimeoutError, PeerError) as error:
                reason = str(error) or "no answer in time"
            if self.connected:
                events.warning("upstream lost", url=self.url, reason=reason)
            self.connected, self.offers = False, {}
            changed()
            await asyncio.sleep(backoff.next(random.random()))

    async def _follow_once(
        self,
        session: aiohttp.ClientSession,
        node: str,
        viewers: Callable[[], dict[str, int]],
        changed: Callable[[], None],
        backoff: Backoff,
    ) -> None:
        async with self._connect(session, "/api/link") as websocket:
            events.info("upstream found", url=self.url)
            reporting = asyncio.create_task(_report(websocket, node, viewers))
            try:
                while message := await asyncio.wait_for(websocket.receive(), SILENCE_SECONDS):
                    if message.type != aiohttp.WSMsgType.TEXT:
                        return
                    self.node, self.offers = parse_announcement(message.data, node)
                    self.connected = True
                    backoff.reset()
                    changed()
            finally:
                reporting.cancel()

    async def messages(
        self, session: aiohttp.ClientSession, name: str, rendition: Rendition
    ) -> AsyncIterator[Message]:
        """What it sends of one rendition of a channel, until the connection ends."""
        path = f"/api/link/{quote(name)}"
        query = {"rendition": json.dumps(rendition.to_json(), separators=(",", ":"))}
        receiver = Receiver("provider")
        async with self._connect(session, path, query) as websocket:
            asking = asyncio.create_task(_ask_clock(websocket))
            try:
                async for message in websocket:
                    if message.type == aiohttp.WSMsgType.BINARY:
                        for each in receiver.feed(message.data):
                            yield each
                    elif message.type == aiohttp.WSMsgType.TEXT:
                        self._heard_clock(message.data)
            finally:
                asking.cancel()

    @contextlib.asynccontextmanager
    async def _connect(
        self, session: aiohttp.ClientSession, path: str, query: dict[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connecting = session.ws_connect(
            url,
            protocols=[SUBPROTOCOL],
            headers=headers,
            compress=0,
            max_msg_size=MAX_MESSAGE_BYTES,
            heartbeat=SILENCE_SECONDS,
        )
        websocket = await asyncio.wait_for(connecting, CONNECT_SECONDS)
        try:
            yield websocket
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(websocket.close(), 1.0)

    def _heard_clock(self, text: str) -> None:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            answer = json.loads(text)
            self.clock.answered(int(answer["clock"]), int(answer["ours"]), time.time_ns())


def parse_upstream(text: str) -> Upstream:
    """``ws://HUB:8080``, also ``wss``, ``http``, ``https``; ``?token=`` is its key. InputError."""
    schemes = {"ws": "ws", "http": "ws", "wss": "wss", "https": "wss"}
    try:
        url = urlsplit(text)
        valid = url.scheme in schemes and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        shown = text.partition("?")[0]
        raise InputError(f"--upstream {shown!r}: write it as in ws://hub.example:8080")
    token = dict(parse_qsl(url.query)).get("token", "")
    place = url.netloc.rpartition("@")[2]
    return Upstream(urlunsplit((schemes[url.scheme], place, url.path.rstrip("/"), "", "")), token)


def parse_announcement(text: str, node: str) -> tuple[str, dict[str, Offer]]:
    """Who announces, and what of it can be had by ``node``: nothing that came through it already.

    FormatError where it is none.
    """
    try:
        values = json.loads(text)
        channels = values["channels"]
        if len(channels) > MAX_CHANNELS:
            raise FormatError(f"an announcement of more than {MAX_CHANNELS} channels")
        offers = [_offer(each) for each in channels]
        who = str(values["node"])
    except (ValueError, TypeError, KeyError, RecursionError, InputError) as error:
        raise FormatError(f"not an announcement: {error}") from None
    good = [each for each in offers if node not in each.path and len(each.path) <= MAX_HOPS]
    return who, {each.name: each for each in good}


def _offer(values: Any) -> Offer:
    name, path = check_name(str(values["name"])), tuple(map(str, values["path"]))
    tracks = tuple(map(Track.from_json, values["tracks"]))
    return Offer(name, str(values["state"]), str(values["text"])[:500], path, tracks)


async def _report(
    websocket: aiohttp.ClientWebSocketResponse, node: str, viewers: Callable[[], dict[str, int]]
) -> None:
    """Who we are, and how many watch here."""
    with contextlib.suppress(ConnectionError, aiohttp.ClientError):
        while True:
            await websocket.send_json({"node": node, "viewers": viewers()})
            await asyncio.sleep(REPORT_SECONDS)


async def _ask_clock(websocket: aiohttp.ClientWebSocketResponse) -> None:
    with contextlib.suppress(ConnectionError, aiohttp.ClientError):
        while True:
            await websocket.send_json({"clock": time.time_ns()})
            await asyncio.sleep(CLOCK_SECONDS)
