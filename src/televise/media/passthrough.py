"""Passthrough: a source's own packets, brought to the one form in which we keep them.

H.264: NAL units with 4-byte lengths, without parameter sets and delimiters, which are in the track
(ISO/IEC 14496-15 5.3). AAC: raw access units without ADTS headers. JPEG: as it is.
"""

from collections.abc import Iterator
from typing import Protocol

from televise.errors import FormatError
from televise.formats import aac, h264, jpeg
from televise.formats.sps import SequenceParameterSet, parse_sps
from televise.media.encoders.encoded import Encoded
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Track

VIDEO_TIMESCALE = 90_000
# A viewer that joins has to take in everything since the last keyframe.
MAX_KEYFRAME_SECONDS = 10.0
UNTOUCHED = "the source's own, untouched"
_DROPPED = {h264.AUD, h264.FILLER, h264.SPS, h264.PPS}


class Unfit(Exception):
    """These packets cannot go to a browser as they are; the text says why."""


class Passthrough(Protocol):
    """The packets of one track, as they come."""

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """What ``unit`` is in our form. Unfit where it must be transcoded instead."""


class H264Passthrough:
    """H.264 of a source, in either framing; new parameter sets in the stream make a new track."""

    def __init__(self, source: Input) -> None:
        self._sets: h264.ParameterSets | None = None
        self._track: Track | None = None
        self._length_size = 0
        self._keyframe_seconds: float | None = None
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
        self._check_distance(unit.seconds, keyframe)
        kept = [nal for nal in nals if h264.nal_type(nal) not in _DROPPED]
        if self._track is None or not kept:
            return
        ticks = round(unit.seconds * VIDEO_TIMESCALE)
        yield Encoded(
            self._track,
            h264.join_avcc(kept),
            round(unit.shown_seconds * VIDEO_TIMESCALE),
            ticks,
            round(unit.duration * VIDEO_TIMESCALE),
            keyframe,
            unit.captured,
            unit.seconds,
        )

    def _split(self, data: bytes) -> list[bytes]:
        if self._length_size and not data.startswith((b"\0\0\0\1", b"\0\0\1")):
            return h264.split_avcc(data, self._length_size)
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

    def _check_distance(self, seconds: float, keyframe: bool) -> None:
        if keyframe or self._keyframe_seconds is None:
            self._keyframe_seconds = seconds
        elif seconds - self._keyframe_seconds > MAX_KEYFRAME_SECONDS:
            raise Unfit(f"its keyframes are more than {MAX_KEYFRAME_SECONDS:.0f} s apart")


class AacPassthrough:
    """AAC of a source, with or without ADTS headers."""

    def __init__(self, source: Input) -> None:
        self._rate = int(source.rate)
        self.track: Track | None = None
        if source.extradata:
            self._use(aac.parse_audio_config(source.extradata))
        elif source.rate and source.channels:
            self._use(aac.make_audio_config(2, int(source.rate), source.channels))

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """The access units in ``unit``: one, or as many as it has ADTS headers."""
        blocks = [unit.data]
        if aac.is_adts(unit.data):
            config, blocks = aac.split_adts(unit.data)
            if self.track is None or self.track.config != config.data:
                self._use(config)
        if self.track is None:
            return
        each = unit.duration / len(blocks) if blocks else 0.0
        for number, data in enumerate(blocks):
            seconds = unit.seconds + number * each
            ticks = round(seconds * self._rate)
            yield Encoded(
                self.track,
                data,
                ticks,
                ticks,
                round(each * self._rate) or 1024,
                False,
                unit.captured,
                seconds,
            )

    def _use(self, config: aac.AudioConfig) -> None:
        self._rate = config.sample_rate
        self.track = Track(
            "audio",
            "aac",
            config.sample_rate,
            config.data,
            sample_rate=config.sample_rate,
            channels=config.channels,
            delivery="passthrough",
            reason=UNTOUCHED,
        )


class JpegPassthrough:
    """JPEG pictures of a source (MJPEG); a new size makes a new track."""

    def __init__(self, source: Input) -> None:
        self._track: Track | None = None

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """The picture as it is."""
        if b"\xff\xc4" not in unit.data[:4096]:
            raise Unfit("its JPEG pictures have no Huffman tables")
        width, height = jpeg.size(unit.data)
        if self._track is None or (self._track.width, self._track.height) != (width, height):
            self._track = Track(
                "video",
                "mjpeg",
                VIDEO_TIMESCALE,
                width=width,
                height=height,
                delivery="passthrough",
                reason=UNTOUCHED,
            )
        ticks, duration = round(unit.seconds * 90_000), round(unit.duration * 90_000)
        yield Encoded(
            self._track, unit.data, ticks, ticks, duration, True, unit.captured, unit.seconds
        )


def unfit_video(source: Input) -> str:
    """Why pictures of ``source`` cannot go untouched to browsers as H.264; '' where they can."""
    if source.decoder is None:
        return "the source gives raw pictures"
    if source.codec != "h264":
        return f"browsers cannot take {source.codec}"
    if source.rotation:
        return f"it has to be turned by {source.rotation} degrees"
    if source.reorders:
        return "it has B-frames, which would delay the picture"
    if source.pixel_format not in ("", "yuv420p", "yuvj420p"):
        return f"browsers cannot take {source.pixel_format} pictures"
    return _unfit_parameters(source)


def unfit_sequence(sps: SequenceParameterSet) -> str:
    """Why an H.264 sequence cannot go untouched to browsers; '' where it can."""
    if sps.profile not in (66, 77, 100):
        return f"browsers cannot take H.264 profile {sps.profile}"
    if sps.chroma_format != 1 or sps.bit_depth != 8:
        return "browsers take only 8 bit 4:2:0 H.264"
    if sps.reorder_frames:
        return "it has B-frames, which would delay the picture"
    return ""


def _unfit_parameters(source: Input) -> str:
    try:
        H264Passthrough(source)
    except Unfit as unfit:
        return str(unfit)
    except FormatError as error:
        return f"its parameter sets cannot be read ({error})"
    return ""


def unfit_audio(source: Input) -> str:
    """Why sound of ``source`` cannot go untouched to browsers as AAC; '' where it can."""
    if source.decoder is None:
        return "the source gives raw sound"
    if source.codec != "aac":
        return f"browsers cannot take {source.codec}"
    try:
        AacPassthrough(source)
    except FormatError as error:
        return f"its configuration cannot be read ({error})"
    return ""
