"""live_thumb: pictures of many channels, as multipart, as base64 over WebSocket, and one by one."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.each import Each
from televise.dialects.pictures import MAX_LATENCY_SECONDS, Multipart, newest
from televise.dialects.talk import Silence, converse
from televise.errors import InputError, Unavailable
from televise.formats.websocket import text_frame
from televise.hub.channel import Channel
from televise.hub.muxed import Muxer
from televise.model.track import Track
from televise.web.edge import Edge, Wish
from televise.web.query import parse_query

MULTIPART = Multipart("endofsection")


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    def asked(request: web.Request) -> Channel:
        return channel_of(request.match_info["channel"])

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, asked(request))

    async def socket(request: web.Request) -> web.StreamResponse:
        rendition = parse_query(request.query_string).rendition("mjpeg")
        wish = Wish(rendition, _texts, MAX_LATENCY_SECONDS)
        return await converse(edge, request, asked(request), Silence(wish))

    async def snapshot(request: web.Request) -> web.StreamResponse:
        _check_timestamp(request.query.get("timestamp", "0"))
        try:
            packet = await newest(edge, request, asked(request))
        except Unavailable as error:
            raise web.HTTPNotFound(text=f"{error}\n") from None
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=packet.data, content_type="image/jpeg", headers=headers)

    async def stats(request: web.Request) -> web.StreamResponse:
        if name := request.query.get("id"):
            channel = channel_of(name)
            return web.json_response({"channel": channel.name, **_stats(edge, [channel])})
        channels = edge.hub.channels
        return web.json_response({"channels": len(channels), **_stats(edge, channels)})

    return [
        [
            web.get("/sub/{channel}", stream),
            web.get("/ws/{channel}", socket),
            web.get("/snapshot/{channel}", snapshot),
            web.get("/channels-stats", stats),
        ]
    ]


def _texts(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    return Each(lambda packet: text_frame(b64encode(packet.data).decode()))


def _check_timestamp(value: str) -> None:
    """Only the newest picture is kept, and it is the answer to any time."""
    if not (value.isascii() and value.replace(".", "", 1).isdecimal()):
        raise InputError(f"timestamp={value[:40]!a}: Unix seconds")


def _stats(edge: Edge, channels: Sequence[Channel]) -> dict[str, Any]:
    encodings = [each for channel in channels for each in channel.encodings]
    pictures = [each for each in encodings if each.rendition.video == "mjpeg"]
    return {
        "published_messages": sum(each.log.end for each in pictures),
        "stored_messages": sum(each.log.newest is not None for each in pictures),
        "subscribers": sum(edge.viewers(channel) for channel in channels),
    }


DIALECT = Dialect(
    "live_thumb",
    (9080,),
    (
        "GET /sub/CHANNEL : multipart JPEG without end",
        "WebSocket /ws/CHANNEL : JPEG in base64, one picture per text message",
        "GET /snapshot/CHANNEL?timestamp= : the newest picture",
        "GET /channels-stats?id=CHANNEL : counts, as JSON",
    ),
    routes,
)
