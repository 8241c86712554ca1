"""jsmpeg_relay: MPEG-TS with MPEG-1 video and MP2 sound over WebSocket, and a way in for it.

The original published on one port and showed on the other; here both do both.
"""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.talk import Silence, converse
from televise.errors import Forbidden, Unauthorized
from televise.formats import mpegts
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.edge import Edge, Wish
from televise.web.guard import public
from televise.web.receive import receive

MAX_LATENCY_SECONDS = 1.0
_STREAM_TYPES = {"mpeg1video": mpegts.MPEG1_VIDEO, "mp2": mpegts.MPEG1_AUDIO}


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        wish = Wish(Rendition("mpeg1video", "mp2"), TransportStream, MAX_LATENCY_SECONDS)
        return await converse(edge, request, channel_of(request, ""), _Player(wish))

    @public
    async def publish(request: web.Request) -> web.StreamResponse:
        """``/SECRET``, as the original; the secret is a key. A wrong one gets 403, as there."""
        secret, name = request.match_info["path"].partition("/")[0], channel_of(request, "").name
        try:
            publishing = edge.seats.take(name, secret, request.remote or "", "mpegts")
        except Unauthorized as error:
            raise Forbidden(str(error)) from None
        return await receive(request, publishing)

    both = [
        web.get("/{path:.*}", answer),
        web.post("/{path:.*}", publish),
        web.put("/{path:.*}", publish),
    ]
    return [both, both]


class _Player(Silence):
    # Most of its clients ask for it, and Chromium wants an answer.
    protocols: Sequence[str] = ("null",)


class TransportStream(Muxer):
    """The packets of one picture or block of sound as one message."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._tracks = tracks
        kinds = [_STREAM_TYPES[track.codec] for track in tracks]
        self._multiplexer = mpegts.Multiplexer(kinds, epoch)

    def mux(self, packet: Packet) -> Chunk:
        scale = self._tracks[packet.track].timescale
        pts, dts = (time * mpegts.CLOCK_HZ // scale for time in (packet.pts, packet.dts))
        unit = mpegts.Unit(packet.data, pts, dts, packet.keyframe)
        data = binary_frame(self._multiplexer.mux(packet.track, unit))
        return Chunk(data, b"", packet.keyframe, packet.seconds)


DIALECT = Dialect(
    "jsmpeg_relay",
    (8081, 8082),
    (
        "WebSocket /... : MPEG-TS with MPEG-1 video and MP2; subprotocol null where it is asked",
        "POST /SECRET : MPEG-TS, the secret being a key for publishing",
    ),
    routes,
)
