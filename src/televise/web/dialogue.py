"""Dialogue: what a client and we say to each other on a WebSocket without ``televise.v1``."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from televise.hub.muxed import MakeMuxer
from televise.model.rendition import Rendition
from televise.web.viewer import Viewer


@dataclass(frozen=True)
class Wish:
    """What a WebSocket is fed with; with a ``burst`` (seconds) all that was muxed since then."""

    rendition: Rendition
    muxer: MakeMuxer
    max_latency: float
    burst: float = 0.0


class Dialogue(Protocol):
    """What a client may say, and what it gets for it."""

    @property
    def protocols(self) -> Sequence[str]:
        """Subprotocols that are granted to those who ask for them."""

    @property
    def pace(self) -> float:
        """Seconds between the messages that a new viewer is given of the past."""

    @property
    def max_bytes(self) -> int:
        """How long a message of the client may be."""

    @property
    def max_at_once(self) -> int:
        """How many messages of it may come at once; in the long run it is ten a second."""

    async def wish(self, websocket: web.WebSocketResponse, said: AsyncIterator[str]) -> Wish | None:
        """What the client is to get after what it has ``said``, None where it goes before that;
        PeerError where it asks for it in a wrong way."""

    def heard(self, text: str, viewer: Viewer) -> None:
        """The client said something; PeerError where it may not say that."""
