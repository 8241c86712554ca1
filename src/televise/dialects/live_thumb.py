"""live_thumb: pictures of many channels, as multipart, as base64 over WebSocket, and one by one."""

import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from televise.dialects.as_text import AsText
from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.page import page, picture
from televise.dialects.pictures import Multipart, asked_newest
from televise.dialects.talk import Silence, converse
from televise.errors import InputError, Unavailable, UnknownChannel
from televise.formats.multipart import timestamp
from televise.formats.websocket import text_frame
from televise.hub.channel import Channel
from televise.hub.each import Each
from televise.hub.muxed import Muxer
from televise.hub.policy import MAX_REPLAY_SECONDS
from televise.ingest.refusal import telling
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web.dialogue import Wish
from televise.web.edge import Edge
from televise.web.parts import MAX_LATENCY_SECONDS, Parts
from televise.web.past import Past, look_back
from televise.web.query import parse_query
from televise.web.receive import receive
from televise.web.trust.access import access_of
from televise.web.trust.guard import public
from televise.web.trust.keys import token_of

MULTIPART = Multipart(Parts("endofsection"))
# The original kept its pictures so long.
KEPT_SECONDS = 60
# The first picture since a time is looked for in so much: few sources are slower.
SEARCHED_SECONDS = (1.0, 10.0)


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    def asked(request: web.Request) -> Channel:
        return channel_of(request, request.match_info["channel"])

    async def index(request: web.Request) -> web.StreamResponse:
        name = channel_of(request, "").name
        return page("live_thumb", picture(f"/sub/{name}", name))

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, asked(request))

    async def socket(request: web.Request) -> web.StreamResponse:
        rendition = parse_query(request.query_string).rendition("mjpeg")
        wish = Wish(rendition, _texts, MAX_LATENCY_SECONDS)
        return await converse(edge, request, asked(request), Silence(wish))

    async def snapshot(request: web.Request) -> web.StreamResponse:
        return await _snapshot(edge, request, asked(request))

    @public
    async def publish(request: web.Request) -> web.StreamResponse:
        return await _publish(edge, request, channel_of)

    async def stats(request: web.Request) -> web.StreamResponse:
        return _answer_stats(edge, request, channel_of)

    return [
        [
            web.get("/", index),
            web.get("/sub/{channel}", stream),
            web.get("/ws/{channel}", socket),
            web.get("/snapshot/{channel}", snapshot),
            web.get("/channels-stats", stats),
            web.post("/pub", publish),
        ]
    ]


async def _publish(edge: Edge, request: web.Request, channel_of: ChannelOf) -> web.StreamResponse:
    name, token = request.query.get("id", ""), token_of(request)
    try:
        name = channel_of(request, name).name
    except UnknownChannel:
        edge.seats.check(name, token)  # who has no key is told that, and nothing else
        raise
    with telling(request, name):
        publishing = edge.seats.take(name, token, request.remote or "", "jpeg")
    return await receive(request, publishing, AsText())


def _answer_stats(edge: Edge, request: web.Request, channel_of: ChannelOf) -> web.Response:
    if name := request.query.get("id"):
        channel = channel_of(request, name)
        return web.json_response({"channel": channel.name, **_stats(edge, [channel])})
    access = access_of(request)
    channels = [each for each in edge.hub.channels if access.allows(each.name)]
    return web.json_response({"channels": len(channels), **_stats(edge, channels)})


async def _snapshot(edge: Edge, request: web.Request, channel: Channel) -> web.Response:
    """One picture. HTTPNotFound where there is none."""
    try:
        packet = await _picture(edge, request, channel, _ago(request))
    except Unavailable as error:
        raise web.HTTPNotFound(text=f"{error}\n") from None
    headers = {"Cache-Control": "no-store", "X-Timestamp": timestamp(packet.captured)}
    return web.Response(body=packet.data, content_type="image/jpeg", headers=headers)


def _texts(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    return Each(lambda packet: text_frame(b64encode(packet.data).decode()))


def _ago(request: web.Request) -> float | None:
    """How many seconds ago ``timestamp`` or ``utc`` was; None for what is kept nowhere."""
    for key in ("timestamp", "utc"):
        value = request.query.get(key, "")
        if value and not (value.isascii() and value.replace(".", "", 1).isdecimal()):
            raise InputError(f"{key}={value[:40]!a}: Unix seconds")
        if value:
            ago = time.time() - float(value)
            return ago if 0 <= ago <= MAX_REPLAY_SECONDS else None
    return None


async def _picture(edge: Edge, request: web.Request, channel: Channel, ago: float | None) -> Packet:
    """The first since then, or the newest where that is not kept or not asked for."""
    pasts = [] if ago is None else [Past(ago, length) for length in SEARCHED_SECONDS]
    rendition = parse_query(request.query_string).rendition("mjpeg", fps=1)
    for past in pasts:
        with suppress(Unavailable):
            return (await look_back(edge, request, rendition, past, channel)).packets[0]
    return await asked_newest(edge, request, channel)


def _stats(edge: Edge, channels: Sequence[Channel]) -> dict[str, Any]:
    encodings = [each for channel in channels for each in channel.encodings]
    pictures = [each for each in encodings if each.rendition.video == "mjpeg"]
    return {
        "published_messages": sum(each.log.end for each in pictures),
        "stored_messages": sum(each.log.newest is not None for each in pictures),
        "subscribers": sum(edge.census.viewers(channel) for channel in channels),
    }


DIALECT = Dialect(
    "live_thumb",
    (9080,),
    (
        "GET /sub/CHANNEL : multipart JPEG without end",
        "WebSocket /ws/CHANNEL : JPEG in base64, one picture per text message",
        "GET /snapshot/CHANNEL?timestamp= : the first picture since then, else the newest",
        "POST /pub?id=CHANNEL : JPEG pictures one after another, or in base64, with a key",
        "GET / : a page with the picture of the first channel",
        "GET /channels-stats?id=CHANNEL : counts, as JSON",
    ),
    routes,
    KEPT_SECONDS,
)
