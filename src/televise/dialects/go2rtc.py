"""go2rtc: a WebSocket on which the page says what it can play, and is told what it gets."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.fragments import Entries, from_zero, one_message
from televise.dialects.player import player, script
from televise.dialects.talk import converse
from televise.formats import mp4
from televise.formats.websocket import binary_frame, text_frame
from televise.hub.each import Each
from televise.hub.muxed import Muxer
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.dialogue import Wish
from televise.web.edge import Edge
from televise.web.message import parse_message
from televise.web.viewer import Viewer

# Its player asks for WebRTC beside mse, on the same socket; an offer of Chromium has 6 KB.
MAX_OFFER_BYTES = 131_072
# Then it tells, all at once, each address that the browser has, for each of its protocols.
MAX_CANDIDATES = 200
MAX_SHOWN = 40
CANDIDATE = "webrtc/candidate"


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        channel = channel_of(request, request.query.get("src", ""))
        return await converse(edge, request, channel, Negotiation())

    async def index(request: web.Request) -> web.StreamResponse:
        name = channel_of(request, request.query.get("src", "")).name
        codecs = _message("mse", "avc1.640029,mp4a.40.2")
        return player(name, f"/api/ws?src={name}", codecs)

    return [
        [
            web.get("/", index),
            web.get("/stream.html", index),
            web.get("/player.js", script),
            web.get("/api/ws", answer),
        ]
    ]


class Negotiation:
    """Hears what the client wants; what we do not have is refused, and it may ask for more."""

    protocols: Sequence[str] = ()
    pace = 0.0
    max_bytes = MAX_OFFER_BYTES
    max_at_once = MAX_CANDIDATES

    async def wish(self, websocket: web.WebSocketResponse, said: AsyncIterator[str]) -> Wish | None:
        async for text in said:
            kind, value = _parse(text)
            if wish := _wish(kind, value):
                return wish
            if kind != CANDIDATE:
                await websocket.send_str(_refusal(kind))
        return None

    def heard(self, text: str, viewer: Viewer) -> None:
        kind, _ = _parse(text)
        if kind != CANDIDATE:
            viewer.tell(text_frame(_refusal(kind)), kind[:MAX_SHOWN])


def _parse(text: str) -> tuple[str, Any]:
    """FormatError."""
    message = parse_message(text)
    return message["type"], message.get("value")


def _wish(kind: str, value: Any) -> Wish | None:
    """What there is for this question."""
    if kind == "mjpeg":
        return Wish(Rendition("mjpeg"), _pictures, 0.0)
    codecs = value if isinstance(value, str) and value else "avc1.,mp4a.40.2"
    if kind != "mse" or "avc1." not in codecs:
        return None
    audio = "aac" if "mp4a.40.2" in codecs.split(",") else ""
    return from_zero(Rendition("h264", audio), _with_mime)


def _with_mime(entries: Entries, segment: bytes) -> bytes:
    return text_frame(_message("mse", mp4.mime(entries))) + one_message(entries, segment)


def _pictures(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    return Each(lambda packet: binary_frame(packet.data), text_frame('{"type":"mjpeg"}'))


def _refusal(kind: str) -> str:
    return _message("error", f"{kind[:MAX_SHOWN]}: there is mse with H.264, and mjpeg")


def _message(kind: str, value: str) -> str:
    return json.dumps({"type": kind, "value": value}, separators=(",", ":"))


DIALECT = Dialect(
    "go2rtc",
    (1984,),
    (
        "WebSocket /api/ws?src=CHANNEL : asked for mse, H.264 and AAC in fMP4; for mjpeg, JPEG",
        "GET /, /stream.html?src=CHANNEL : a page that plays it",
    ),
    routes,
)
