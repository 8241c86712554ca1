"""``/NAME.flv``: H.264 and AAC in FLV without end, as flv.js, mpegts.js and FFmpeg take it.

Source: Adobe, "Video File Format Specification Version 10.1", annex E.
"""

from aiohttp import web

from televise.formats import flv
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge, Way
from televise.web.query import parse_query

EXTENSION = "flv"
MIME = "video/x-flv"
MAX_LATENCY_SECONDS = 1.0
AUDIO, VIDEO = 8, 9
# E.4.3.1: the type of the frame, and codec 7 (AVC). E.4.2.1: AAC, as which all else is fixed.
_KEYFRAME, _INTER_FRAME, _AAC = b"\x17", b"\x27", b"\xaf"
_CONFIG, _DATA = b"\x00", b"\x01"


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("h264", "aac")
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await edge.socket(request, rendition, latency, BareMessages, ToldMessages)
        return await edge.endless(request, rendition, latency, Way(Endless, MIME))

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


class Endless:
    """Muxer: the header and the decoders' configurations, then a tag for each packet."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._tracks = tracks
        parts = [flv.HEADER, *(_config(track) for track in tracks)]
        self._init = self._frame_init(epoch, b"".join(parts))

    def mux(self, packet: Packet) -> Chunk:
        """One tag."""
        track = self._tracks[packet.track]
        milliseconds = packet.dts * 1000 // track.timescale
        if track.kind == "audio":
            data = flv.tag(AUDIO, milliseconds, _AAC + _DATA + packet.data)
        else:
            later = (packet.pts - packet.dts) * 1000 // track.timescale
            head = (_KEYFRAME if packet.keyframe else _INTER_FRAME) + _DATA
            data = flv.tag(VIDEO, milliseconds, head + later.to_bytes(3, "big") + packet.data)
        return Chunk(self._frame(packet, data), self._init, packet.keyframe, packet.seconds)

    def _frame_init(self, epoch: int, header: bytes) -> bytes:
        return header

    def _frame(self, packet: Packet, tag: bytes) -> bytes:
        return tag


class BareMessages(Endless):
    """Muxer: the header and each tag as one binary WebSocket message."""

    def _frame_init(self, epoch: int, header: bytes) -> bytes:
        return binary_frame(header)

    def _frame(self, packet: Packet, tag: bytes) -> bytes:
        return binary_frame(tag)


class ToldMessages(Endless):
    """Muxer: WebSocket messages of ``televise.v1``."""

    def _frame_init(self, epoch: int, header: bytes) -> bytes:
        return envelope.init(epoch, MIME, header)

    def _frame(self, packet: Packet, tag: bytes) -> bytes:
        return envelope.chunk(packet, self._tracks[packet.track], tag)


def _config(track: Track) -> bytes:
    """AVCDecoderConfigurationRecord or AudioSpecificConfig, in a tag at time 0."""
    if track.kind == "audio":
        return flv.tag(AUDIO, 0, _AAC + _CONFIG + track.config)
    return flv.tag(VIDEO, 0, _KEYFRAME + _CONFIG + bytes(3) + track.config)
