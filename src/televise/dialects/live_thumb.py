"""live_thumb: pictures of many channels, as multipart, as base64 over WebSocket, and one by one."""

import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.each import Each
from televise.dialects.pictures import MAX_LATENCY_SECONDS, Multipart, asked_newest
from televise.dialects.talk import Silence, converse
from televise.errors import InputError, Unavailable
from televise.formats.websocket import text_frame
from televise.hub.channel import Channel
from televise.hub.muxed import Muxer
from televise.hub.policy import MAX_REPLAY_SECONDS
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.access import access_of
from televise.web.edge import Edge, Wish
from televise.web.guard import public
from televise.web.keys import token_of
from televise.web.past import Past, look_back
from televise.web.query import parse_query
from televise.web.receive import receive

MULTIPART = Multipart("endofsection")


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    def asked(request: web.Request) -> Channel:
        return channel_of(request, request.match_info["channel"])

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, asked(request))

    async def socket(request: web.Request) -> web.StreamResponse:
        rendition = parse_query(request.query_string).rendition("mjpeg")
        wish = Wish(rendition, _texts, MAX_LATENCY_SECONDS)
        return await converse(edge, request, asked(request), Silence(wish))

    async def snapshot(request: web.Request) -> web.StreamResponse:
        try:
            packet = await _picture(edge, request, asked(request), _past(request))
        except Unavailable as error:
            raise web.HTTPNotFound(text=f"{error}\n") from None
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=packet.data, content_type="image/jpeg", headers=headers)

    @public
    async def publish(request: web.Request) -> web.StreamResponse:
        name, address = channel_of(request, request.query.get("id", "")).name, request.remote or ""
        return await receive(request, edge.seats.take(name, token_of(request), address, "jpeg"))

    async def stats(request: web.Request) -> web.StreamResponse:
        if name := request.query.get("id"):
            channel = channel_of(request, name)
            return web.json_response({"channel": channel.name, **_stats(edge, [channel])})
        access = access_of(request)
        channels = [each for each in edge.hub.channels if access.allows(each.name)]
        return web.json_response({"channels": len(channels), **_stats(edge, channels)})

    return [
        [
            web.get("/sub/{channel}", stream),
            web.get("/ws/{channel}", socket),
            web.get("/snapshot/{channel}", snapshot),
            web.get("/channels-stats", stats),
            web.post("/pub", publish),
        ]
    ]


def _texts(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    return Each(lambda packet: text_frame(b64encode(packet.data).decode()))


def _past(request: web.Request) -> Past | None:
    """What ``timestamp`` means; None for what is kept nowhere."""
    value = request.query.get("timestamp")
    if value is None:
        return None
    if not (value.isascii() and value.replace(".", "", 1).isdecimal()):
        raise InputError(f"timestamp={value[:40]!a}: Unix seconds")
    ago = time.time() - float(value)
    return Past(ago) if 0 <= ago <= MAX_REPLAY_SECONDS else None


async def _picture(edge: Edge, request: web.Request, channel: Channel, past: Past | None) -> Packet:
    """That of ``past``, or the newest where it is not kept or not asked for."""
    if past is not None:
        with suppress(Unavailable):
            look = await look_back(edge, request, Rendition("mjpeg"), past, channel)
            return look.packets[-1]
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
        "GET /snapshot/CHANNEL?timestamp= : the picture of that time, else the newest",
        "POST /pub?id=CHANNEL : JPEG pictures one after another, with a key",
        "GET /channels-stats?id=CHANNEL : counts, as JSON",
    ),
    routes,
)
