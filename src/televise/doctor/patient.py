"""Patient: the hub that is examined, as its viewers reach it: perhaps through a proxy."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

SUBPROTOCOL = "televise.v1"
ANSWER_SECONDS = 10.0
# Small and rare: few bytes cross, and a proxy that holds them back is seen at once.
THUMBNAIL = {"w": "64", "fps": "2", "q": "10"}


@dataclass
class Patient:
    """``base`` is the hub's own URL, without a slash at the end; ``asked`` the URL that was given.

    ``channels`` is what the API says of those that are to be examined, ``live`` names those that
    were found to have pictures; ``proxy`` names what stands between, as far as that is known.
    """

    session: aiohttp.ClientSession
    asked: str
    base: str = ""
    channels: list[dict[str, Any]] = field(default_factory=list)
    proxy: str = ""
    live: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """What a browser says of pages from here."""
        scheme, _, rest = self.base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"

    @property
    def name(self) -> str:
        """The channel by which the way is examined: the first that has pictures, if one has."""
        return self.live[0] if self.live else str(self.channels[0]["name"])

    @property
    def between(self) -> str:
        """What stands between, in a sentence."""
        return self.proxy or "a proxy in front of the hub"

    @contextlib.asynccontextmanager
    async def get(self, path: str, **query: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a request; who leaves an endless one does not wait for a farewell.
        aiohttp.ClientError, TimeoutError."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS)
        url = _with_query(f"{self.base}{path}", query)
        async with self.session.get(url, timeout=timeout) as answer:
            try:
                yield answer
            finally:
                if answer.connection is not None and answer.connection.transport is not None:
                    answer.connection.transport.abort()

    @contextlib.asynccontextmanager
    async def socket(
        self, path: str, **query: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket, asked for as a page of the hub does. aiohttp.ClientError, TimeoutError."""
        async with self.session.ws_connect(
            _with_query(f"{self.base}{path}", query),
            protocols=(SUBPROTOCOL,),
            origin=self.origin,
            max_msg_size=0,
            timeout=aiohttp.ClientWSTimeout(ws_close=0.2),
        ) as websocket:
            yield websocket


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}?{urlencode(query)}" if query else url
