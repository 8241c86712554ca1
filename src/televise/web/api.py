"""The JSON API: channels, and how the server is. Nothing here changes anything."""

from typing import Any

from aiohttp import web

from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.model.track import Track
from televise.web.edge import Edge
from televise.web.openapi import document
from televise.web.trust.access import access_of
from televise.web.trust.guard import needs, public

STREAMS = ("mp4", "mjpg", "gif", "ts", "m1v", "flv", "jpg", "png")


class Api:
    """``/api/...``, ``/healthz`` and ``/readyz``."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.ready = True

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [
            web.get("/api/channels", self._channels),
            web.get("/api/channels/{name}", self._channel),
            web.get("/api/openapi.json", self._openapi),
            web.get("/healthz", self._health),
            web.get("/readyz", self._readiness),
        ]

    @needs("view", some=True)
    async def _channels(self, request: web.Request) -> web.Response:
        allowed, channels = access_of(request).allows, self._edge.hub.channels
        described = [self._describe(channel) for channel in channels if allowed(channel.name)]
        return web.json_response({"channels": described})

    @needs("know")
    async def _channel(self, request: web.Request) -> web.Response:
        channel = self._edge.hub.channel(request.match_info["name"])
        return web.json_response(self._describe(channel))

    @public
    async def _openapi(self, request: web.Request) -> web.Response:
        return web.json_response(document(self._edge.version))

    @public
    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    @public
    async def _readiness(self, request: web.Request) -> web.Response:
        if self.ready:
            return web.json_response({"status": "ready"})
        return web.json_response({"status": "stopping"}, status=503)

    def _describe(self, channel: Channel) -> dict[str, Any]:
        return {
            "name": channel.name,
            "source": channel.spec.public,
            "state": channel.state,
            "text": channel.public_text,
            "since": channel.since,
            "seconds": round(channel.seconds, 1),
            "damaged": channel.damaged,
            "viewers": self._edge.census.viewers(channel),
            "tracks": [_describe_track(track) for track in channel.tracks],
            "renditions": [
                _describe_encoding(encoding, self._edge.census.users(channel, encoding))
                for encoding in channel.encodings
            ],
            "urls": {
                "page": f"/{channel.name}",
                **{stream: f"/{channel.name}.{stream}" for stream in STREAMS},
            },
        }


def _describe_encoding(encoding: Encoding, users: int) -> dict[str, Any]:
    rendition = encoding.rendition
    wanted = {key: value for key, value in rendition.to_json().items() if value}
    return {
        **wanted,
        "users": users,
        "epoch": encoding.epoch,
        "tracks": [_describe_track(track) for track in encoding.tracks],
        "refusal": encoding.refusal,
    }


def _describe_track(track: Track) -> dict[str, Any]:
    common = {
        "kind": track.kind,
        "codec": track.codec,
        "delivery": track.delivery,
        "reason": track.reason,
    }
    if track.kind == "video":
        return common | {"width": track.width, "height": track.height}
    return common | {"sample_rate": track.sample_rate, "channels": track.channels}
