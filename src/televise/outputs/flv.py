"""``/NAME.flv``: H.264 and AAC in FLV without end, as flv.js, mpegts.js and FFmpeg take it.

Source: Adobe, "Video File Format Specification Version 10.1", annex E.
"""

from aiohttp import web

from televise.formats import flv
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.forms import Forms, Way
from televise.web.query import parse_query

EXTENSION = "flv"
MIME = "video/x-flv"
MAX_LATENCY_SECONDS = 1.0
AUDIO, VIDEO = 8, 9
# E.4.3.1: the type of the frame, and codec 7 (AVC). E.4.2.1: AAC, as which all else is fixed.
_KEYFRAME, _INTER_FRAME, _AAC = b"\x17", b"\x27", b"\xaf"
_CONFIG, _DATA = b"\x00", b"\x01"
_FRAMES = {header: binary_frame(header) for header in (flv.HEADER, flv.SILENT_HEADER)}


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""
    forms = Forms(Way(Endless, MIME), BareMessages, ToldMessages)

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("h264", "aac")
        latency = query.latency(MAX_LATENCY_SECONDS)
        return await edge.stream(request, rendition, latency, forms)

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


class Endless(Muxer):
    """The header once, then a tag for each packet.

    Before each keyframe stand the decoders' configurations: a file has one header, but those may
    become others with the next epoch.
    """

    keeps_init = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._tracks = tracks
        sounds = any(track.kind == "audio" for track in tracks)
        self._header = flv.HEADER if sounds else flv.SILENT_HEADER
        self._init = self._frame_init(epoch)

    def mux(self, packet: Packet) -> Chunk:
        """One tag, or all that a decoder needs to begin with it."""
        track = self._tracks[packet.track]
        milliseconds = packet.dts * 1000 // track.timescale & 0xFFFF_FFFF
        if track.kind == "audio":
            data = flv.tag(AUDIO, milliseconds, _AAC + _DATA + packet.data)
        else:
            later = (packet.pts - packet.dts) * 1000 // track.timescale
            head = (_KEYFRAME if packet.keyframe else _INTER_FRAME) + _DATA
            data = flv.tag(VIDEO, milliseconds, head + later.to_bytes(3, "big") + packet.data)
        if packet.keyframe:
            data = b"".join(_config(each, milliseconds) for each in self._tracks) + data
        return Chunk(self._frame(packet, data), self._init, packet.keyframe, packet.seconds)

    def _frame_init(self, epoch: int) -> bytes:
        return self._header

    def _frame(self, packet: Packet, tags: bytes) -> bytes:
        return tags


class BareMessages(Endless):
    """The header, and what belongs to each packet, as one binary WebSocket message."""

    def _frame_init(self, epoch: int) -> bytes:
        return _FRAMES[self._header]

    def _frame(self, packet: Packet, tags: bytes) -> bytes:
        return binary_frame(tags)


class ToldMessages(Endless):
    """WebSocket messages of ``televise.v1``."""

    keeps_init = False

    def _frame_init(self, epoch: int) -> bytes:
        return envelope.init(epoch, MIME, self._header)

    def _frame(self, packet: Packet, tags: bytes) -> bytes:
        return envelope.chunk(packet, self._tracks[packet.track], tags)


def _config(track: Track, milliseconds: int) -> bytes:
    """AVCDecoderConfigurationRecord or AudioSpecificConfig, in a tag."""
    if track.kind == "audio":
        return flv.tag(AUDIO, milliseconds, _AAC + _CONFIG + track.config)
    return flv.tag(VIDEO, milliseconds, _KEYFRAME + _CONFIG + bytes(3) + track.config)
