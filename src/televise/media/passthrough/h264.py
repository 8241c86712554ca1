"""H.264 of a source: NAL units with 4-byte lengths, without parameter sets and delimiters.

The parameter sets are in the track (ISO/IEC 14496-15 5.3).
"""

from collections.abc import Iterator

from televise.errors import FormatError, Unfit
from televise.formats import h264
from televise.formats.sps import SequenceParameterSet, parse_sps
from televise.media.encoders.encoded import Encoded
from televise.media.passthrough.path import UNTOUCHED, VIDEO_TIMESCALE, Keyframes
from televise.media.pixels import MAX_PIXELS
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Track

_DROPPED = {h264.AUD, h264.FILLER, h264.SPS, h264.PPS}


class H264Path:
    """H.264 of a source, in either framing; new parameter sets in the stream make a new track."""

    def __init__(self, source: Input) -> None:
        self._sets: h264.ParameterSets | None = None
        self._track: Track | None = None
        self._length_size = 0
        self._keyframes = Keyframes()
        if source.extradata[:1] == b"\x01":
            sets, self._length_size = h264.parse_record(source.extradata)
            self._use(sets)
        elif (found := h264.parameter_sets_annexb(source.extradata)) is not None:
            self._use(found)

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """One access unit, its parameter sets taken out."""
        nals = self._split(unit.data)
        self._take_sets(nals)
        if any(h264.is_b_slice(nal) for nal in nals):
            raise Unfit("it has B-frames, which would delay the picture")
        keyframe = any(h264.nal_type(nal) == h264.IDR for nal in nals)
        self._keyframes.check(unit.place.seconds, keyframe=keyframe)
        kept = [nal for nal in nals if h264.nal_type(nal) not in _DROPPED]
        if self._track is not None and kept:
            yield _encoded(self._track, h264.join_avcc(kept), unit, keyframe=keyframe)

    def _split(self, data: bytes) -> list[bytes]:
        if not self._length_size:
            return h264.split_annexb(data)
        try:
            return h264.split_avcc(data, self._length_size)
        except FormatError:
            return h264.split_annexb(data)

    def _take_sets(self, nals: list[bytes]) -> None:
        sps = tuple(nal for nal in nals if h264.nal_type(nal) == h264.SPS)
        pps = tuple(nal for nal in nals if h264.nal_type(nal) == h264.PPS)
        if not sps and not pps:
            return
        known = self._sets
        if not sps or not pps:
            if known is None:
                return
            sps, pps = sps or known.sps, pps or known.pps
        if known is None or (sps, pps) != (known.sps, known.pps):
            self._use(h264.ParameterSets(sps, pps))

    def _use(self, sets: h264.ParameterSets) -> None:
        sps = parse_sps(sets.sps[0])
        if reason := unfit_sequence(sps):
            raise Unfit(reason)
        self._sets = sets
        self._track = Track(
            "video",
            "h264",
            VIDEO_TIMESCALE,
            sets.record(),
            sps.width,
            sps.height,
            delivery="passthrough",
            reason=UNTOUCHED,
        )


def _encoded(track: Track, data: bytes, unit: Unit, *, keyframe: bool) -> Encoded:
    place = unit.place
    pts, dts, duration = (
        round(seconds * VIDEO_TIMESCALE)
        for seconds in (place.shown_seconds, place.seconds, place.duration)
    )
    return Encoded(track, data, pts, dts, duration, keyframe, unit.captured, place.seconds)


def unfit(source: Input) -> str:
    """Why pictures of ``source`` cannot go untouched to browsers as H.264; '' where they can."""
    if source.decoder is None:
        return "the source gives raw pictures"
    if source.codec != "h264":
        return f"browsers cannot take {source.codec}"
    if source.rotation:
        return f"it has to be turned by {source.rotation} degrees"
    if source.pixel_aspect != source.coded_aspect:
        return "its pixels are not square"
    if source.reorders:
        return "it has B-frames, which would delay the picture"
    if source.pixel_format not in ("", "yuv420p", "yuvj420p"):
        return f"browsers cannot take {source.pixel_format} pictures"
    return _unfit_parameters(source)


def unfit_sequence(sps: SequenceParameterSet) -> str:
    """Why an H.264 sequence cannot go untouched to browsers; '' where it can."""
    if sps.profile not in (66, 77, 100):
        return f"browsers cannot take H.264 profile {sps.profile}"
    if sps.width * sps.height > MAX_PIXELS:
        return f"its pictures have {sps.width}x{sps.height} pixels"
    if sps.chroma_format != 1 or sps.bit_depth != 8:
        return "browsers take only 8 bit 4:2:0 H.264"
    if sps.reorder_frames:
        return "it has B-frames, which would delay the picture"
    return ""


def _unfit_parameters(source: Input) -> str:
    try:
        H264Path(source)
    except Unfit as unfit:
        return str(unfit)
    except FormatError as error:
        return f"its parameter sets cannot be read ({error})"
    return ""
