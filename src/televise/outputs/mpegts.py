"""``/NAME.ts``: MPEG transport stream, one message for each picture and block of sound."""

from aiohttp import web

from televise.errors import FormatError
from televise.formats import h264, mpegts
from televise.formats.adts import AdtsFramer
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.forms import Forms, Way
from televise.web.query import parse_query

EXTENSION = "ts"
MIME = "video/mp2t"
MAX_LATENCY_SECONDS = 1.0
SOUND_SECONDS = 0.25
# primary_pic_type 7: slices of any type may follow.
_AUD = bytes((h264.AUD, 0xF0))


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""
    forms = Forms(Way(Endless, MIME), BareMessages, ToldMessages)

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        codecs = ("h264", "aac") if query.video == "h264" else ("mpeg1video", "mp2")
        rendition = query.rendition(*codecs)
        latency = query.latency(MAX_LATENCY_SECONDS)
        return await edge.stream(request, rendition, latency, forms)

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


class Endless(Muxer):
    """Packets, one after another."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._tracks = tracks
        self._has_picture = any(track.kind == "video" for track in tracks)
        self._forms = [_form(track) for track in tracks]
        self._multiplexer = mpegts.Multiplexer([form.stream_type for form in self._forms], epoch)
        self._init = self._frame_init(epoch)
        self._begun = float("-inf")

    def mux(self, packet: Packet) -> Chunk:
        """The packets of one picture or block of sound; nothing of one that is broken."""
        keyframe = self._is_keyframe(packet)
        try:
            unit = self._forms[packet.track].unit(packet, keyframe)
        except FormatError:
            return Chunk(b"", self._init, False, packet.seconds)
        packets = self._multiplexer.mux(packet.track, unit)
        return Chunk(self._frame(packet, packets), self._init, keyframe, packet.seconds)

    def _is_keyframe(self, packet: Packet) -> bool:
        """Without pictures a viewer could begin anywhere, but each beginning costs four packets."""
        if not packet.keyframe or (
            not self._has_picture and packet.seconds - self._begun < SOUND_SECONDS
        ):
            return False
        self._begun = packet.seconds
        return True

    def _frame_init(self, epoch: int) -> bytes:
        return b""

    def _frame(self, packet: Packet, packets: bytes) -> bytes:
        return packets


class BareMessages(Endless):
    """Each unit as one binary WebSocket message."""

    def _frame(self, packet: Packet, packets: bytes) -> bytes:
        return binary_frame(packets)


class ToldMessages(Endless):
    """WebSocket messages of ``televise.v1``."""

    def _frame_init(self, epoch: int) -> bytes:
        return envelope.init(epoch, MIME, b"")

    def _frame(self, packet: Packet, packets: bytes) -> bytes:
        return envelope.chunk(packet, self._tracks[packet.track], packets)


class _Form:
    """How the packets of one track stand in a transport stream."""

    def __init__(self, track: Track, stream_type: int) -> None:
        self.stream_type = stream_type
        self._timescale = track.timescale

    def unit(self, packet: Packet, keyframe: bool) -> mpegts.Unit:
        """FormatError where the packet is broken."""
        pts, dts = self._ticks(packet.pts), self._ticks(packet.dts)
        return mpegts.Unit(self._data(packet), pts, dts, keyframe)

    def _data(self, packet: Packet) -> bytes:
        return packet.data

    def _ticks(self, time: int) -> int:
        return (time * mpegts.CLOCK_HZ + self._timescale // 2) // self._timescale


class _Mpeg1(_Form):
    """MPEG-1 cannot say that there are no B pictures: a picture is shown when the next is decoded.

    So it is decoded when the last one is shown. FFmpeg invents such times where they are missing.
    """

    _last = -1

    def unit(self, packet: Packet, keyframe: bool) -> mpegts.Unit:
        """Decoded at the time of the picture before."""
        pts = self._ticks(packet.pts)
        dts = self._last if self._last >= 0 else pts - self._ticks(packet.duration)
        self._last = pts
        return mpegts.Unit(packet.data, pts, min(dts, pts), keyframe)


class _H264(_Form):
    """Annex B (ISO/IEC 13818-1 2.14.1): a delimiter, before keyframes the parameter sets."""

    def __init__(self, track: Track, stream_type: int) -> None:
        super().__init__(track, stream_type)
        sets, self._length_size = h264.parse_record(track.config)
        self._sets = [*sets.sps, *sets.pps]

    def _data(self, packet: Packet) -> bytes:
        nals = h264.split_avcc(packet.data, self._length_size)
        sets = self._sets if packet.keyframe else []
        return h264.join_annexb([_AUD, *sets, *(n for n in nals if h264.nal_type(n) != h264.AUD)])


class _Aac(_Form):
    """ADTS."""

    def __init__(self, track: Track, stream_type: int) -> None:
        super().__init__(track, stream_type)
        self._framer = AdtsFramer(track.config)

    def _data(self, packet: Packet) -> bytes:
        return self._framer.frame(packet.data)


forms: dict[str, tuple[type[_Form], int]] = {
    "mpeg1video": (_Mpeg1, mpegts.MPEG1_VIDEO),
    "mp2": (_Form, mpegts.MPEG1_AUDIO),
    "h264": (_H264, mpegts.H264),
    "aac": (_Aac, mpegts.AAC),
}


def _form(track: Track) -> _Form:
    if track.codec not in forms:
        raise FormatError(f"a transport stream has no {track.codec}")
    form, stream_type = forms[track.codec]
    return form(track, stream_type)
