"""``/NAME.mp4``: fragmented MP4 without end, one fragment for each picture and block of sound."""

from aiohttp import web

from televise.formats import h264, mp4
from televise.formats.websocket import binary_frame
from televise.hub.look_back import LookBack
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.forms import Forms, Way
from televise.web.past import from_zero, look_back, parse_clip, whole
from televise.web.query import parse_query

EXTENSION = "mp4"
MAX_LATENCY_SECONDS = 1.0
# How long a picture lasts for a source buffer, at least: half of the gap that it then bears.
PICTURE_SECONDS = 0.25


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""
    forms = Forms(Way(Endless, "video/mp4"), BareMessages, ToldMessages)

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("h264", "aac")
        if past := parse_clip(request.query):
            return _whole(await look_back(edge, request, rendition, past))
        latency = query.latency(MAX_LATENCY_SECONDS)
        return await edge.stream(request, rendition, latency, forms)

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


def _whole(look: LookBack) -> web.Response:
    """A clip of the past: the same, but with an end, and from zero on."""
    muxer = Endless(look.epoch, look.tracks)
    chunks = [muxer.mux(packet) for packet in from_zero(look)]
    body = b"".join([chunks[0].init, *(chunk.data for chunk in chunks)])
    return whole(body, "video/mp4")


class Endless(Muxer):
    """Init segment and fragments, one after another.

    Keyframes of a file have the parameter sets with them: FFmpeg reads the first init segment only,
    and an epoch may have others.
    """

    in_band = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._entries = [mp4.entry_of(track) for track in tracks]
        self._tracks = tracks
        self._parameters = [_parameters(track) if self.in_band else b"" for track in tracks]
        self._sequence = 0
        self._init = self._frame_init(epoch, mp4.init_segment(self._entries))

    def mux(self, packet: Packet) -> Chunk:
        """One fragment."""
        self._sequence += 1
        sample = mp4.Sample(
            packet.track + 1,
            packet.dts,
            self._duration(packet),
            packet.pts - packet.dts,
            packet.keyframe or self._tracks[packet.track].kind == "audio",
            self._parameters[packet.track] + packet.data if packet.keyframe else packet.data,
        )
        data = self._frame(packet, mp4.fragment(self._sequence, sample))
        return Chunk(data, self._init, packet.keyframe, packet.seconds)

    def _duration(self, packet: Packet) -> int:
        return packet.duration

    def _frame_init(self, epoch: int, segment: bytes) -> bytes:
        return segment

    def _frame(self, packet: Packet, fragment: bytes) -> bytes:
        return fragment


class BareMessages(Endless):
    """Init segment and each fragment as one binary WebSocket message."""

    in_band = False

    def _frame_init(self, epoch: int, segment: bytes) -> bytes:
        return binary_frame(segment)

    def _frame(self, packet: Packet, fragment: bytes) -> bytes:
        return binary_frame(fragment)


class ToldMessages(Endless):
    """WebSocket messages of ``televise.v1``.

    A browser's source buffer throws away all up to the next keyframe where decode times leave a
    gap of more than twice the last duration (W3C Media Source Extensions, coded frame processing):
    two lost pictures would stop it for seconds. So pictures are told to last longer.
    """

    in_band = False

    def _duration(self, packet: Packet) -> int:
        track = self._tracks[packet.track]
        if track.kind == "audio":
            return packet.duration
        return max(packet.duration, round(PICTURE_SECONDS * track.timescale))

    def _frame_init(self, epoch: int, segment: bytes) -> bytes:
        return envelope.init(epoch, mp4.mime(self._entries), segment)

    def _frame(self, packet: Packet, fragment: bytes) -> bytes:
        return envelope.chunk(packet, self._tracks[packet.track], fragment)


def _parameters(track: Track) -> bytes:
    """SPS and PPS as they stand before a picture; nothing for sound."""
    if track.kind == "audio":
        return b""
    sets, _ = h264.parse_record(track.config)
    return h264.join_avcc([*sets.sps, *sets.pps])
