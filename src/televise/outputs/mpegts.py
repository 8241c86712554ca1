"""``/NAME.ts``: MPEG transport stream, one message for each picture and block of sound."""

from collections.abc import Callable

from aiohttp import web

from televise.errors import FormatError
from televise.formats import h264, mpegts
from televise.formats.adts import AdtsFramer
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge, Way
from televise.web.query import parse_query

EXTENSION = "ts"
MIME = "video/mp2t"
MAX_LATENCY_SECONDS = 1.0
# primary_pic_type 7: slices of any type may follow.
_AUD = bytes((h264.AUD, 0xF0))


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        codecs = ("h264", "aac") if query.video == "h264" else ("mpeg1video", "mp2")
        rendition = query.rendition(*codecs)
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await edge.socket(request, rendition, latency, BareMessages, ToldMessages)
        return await edge.endless(request, rendition, latency, Way(Endless, MIME))

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


class Endless:
    """Muxer: packets, one after another."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._tracks = tracks
        self._forms = [_form(track) for track in tracks]
        kinds = [_STREAM_TYPES[track.codec] for track in tracks]
        self._multiplexer = mpegts.Multiplexer(kinds, epoch)
        self._init = self._frame_init(epoch)

    def mux(self, packet: Packet) -> Chunk:
        """The packets of one picture or block of sound; nothing of one that is broken."""
        track = self._tracks[packet.track]
        try:
            data = self._forms[packet.track](packet)
        except FormatError:
            return Chunk(b"", self._init, False, packet.seconds)
        pts, dts = _ticks(packet.pts, track), _ticks(packet.dts, track)
        unit = mpegts.Unit(data, pts, dts, packet.keyframe)
        packets = self._multiplexer.mux(packet.track, unit)
        return Chunk(self._frame(packet, packets), self._init, packet.keyframe, packet.seconds)

    def _frame_init(self, epoch: int) -> bytes:
        return b""

    def _frame(self, packet: Packet, packets: bytes) -> bytes:
        return packets


class BareMessages(Endless):
    """Muxer: each unit as one binary WebSocket message."""

    def _frame(self, packet: Packet, packets: bytes) -> bytes:
        return binary_frame(packets)


class ToldMessages(Endless):
    """Muxer: WebSocket messages of ``televise.v1``."""

    def _frame_init(self, epoch: int) -> bytes:
        return envelope.init(epoch, MIME, b"")

    def _frame(self, packet: Packet, packets: bytes) -> bytes:
        return envelope.chunk(packet, self._tracks[packet.track], packets)


class _Annexb:
    """H.264 as a transport stream has it (ISO/IEC 13818-1 2.14.1): a delimiter, then its units.

    Before a keyframe stand the parameter sets.
    """

    def __init__(self, track: Track) -> None:
        sets, self._length_size = h264.parse_record(track.config)
        self._sets = [*sets.sps, *sets.pps]

    def __call__(self, packet: Packet) -> bytes:
        nals = h264.split_avcc(packet.data, self._length_size)
        sets = self._sets if packet.keyframe else []
        return h264.join_annexb([_AUD, *sets, *(n for n in nals if h264.nal_type(n) != h264.AUD)])


def _form(track: Track) -> Callable[[Packet], bytes]:
    """What makes a packet of this track fit for a PES packet."""
    if track.codec == "h264":
        return _Annexb(track)
    if track.codec == "aac":
        framer = AdtsFramer(track.config)
        return lambda packet: framer.frame(packet.data)
    return lambda packet: packet.data


_STREAM_TYPES = {
    "mpeg1video": mpegts.MPEG1_VIDEO,
    "mp2": mpegts.MPEG1_AUDIO,
    "h264": mpegts.H264,
    "aac": mpegts.AAC,
}


def _ticks(time: int, track: Track) -> int:
    return (time * mpegts.CLOCK_HZ + track.timescale // 2) // track.timescale
