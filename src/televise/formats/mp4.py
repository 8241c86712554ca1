"""Fragmented MP4: an init segment, then one fragment (moof and mdat) per sample.

Boxes are those of ISO/IEC 14496-12; "avc1" and "avcC" of ISO/IEC 14496-15 5.4.2, "mp4a" and "esds"
of ISO/IEC 14496-14 5.6; rules for browsers are those of the W3C note "ISO BMFF Byte Stream Format".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct, error, pack

from televise.errors import FormatError, LocalError
from televise.formats.aac import AudioConfig, parse_audio_config
from televise.model.track import Track

# 8.8.3.1: sample_depends_on 2 (on no other), or 1 (on others) with sample_is_non_sync_sample.
SYNC_FLAGS = 0x02000000
NON_SYNC_FLAGS = 0x01010000

# Everything up to the numbers that change is constant, so a whole moof is one pack().
_MOOF_BYTES = 100
_OFFSET_BYTES = 4  # sample_composition_time_offset, only where it is not zero
_MDAT_HEADER_BYTES = 8
_MFHD = b"moof" + pack(">I4sI", 16, b"mfhd", 0)  # 8.8.5: then sequence_number
_TRACK_BYTES = _MOOF_BYTES - 24
_TFHD = b"traf" + pack(">I4sI", 16, b"tfhd", 0x020000)  # 8.8.7: default-base-is-moof, track_ID
_TFDT = pack(">I4sI", 20, b"tfdt", 1 << 24)  # 8.8.12, version 1: then baseMediaDecodeTime
# 8.8.8: data offset, first sample flags, duration, size; with version 1 offsets are signed.
_TRUN = pack(">I4sIII", 32, b"trun", 0x000305, 1, _MOOF_BYTES + _MDAT_HEADER_BYTES)
_TRUN_OFFSET = pack(
    ">I4sIII", 36, b"trun", 0x01000B05, 1, _MOOF_BYTES + _OFFSET_BYTES + _MDAT_HEADER_BYTES
)
_PLAIN = Struct(">I16sII16sI12sQ20sIIII4s")
_WITH_OFFSET = Struct(">I16sII16sI12sQ20sIIIiI4s")


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """An H.264 track: pixels, avcC record, and ticks per second.

    FormatError where ``config`` is no avcC record, LocalError for numbers that MP4 cannot hold.
    """

    width: int
    height: int
    config: bytes
    timescale: int

    def __post_init__(self) -> None:
        if len(self.config) < 7 or self.config[0] != 1:
            raise FormatError("not an avcC record: it must begin with version 1")
        if not 1 <= self.width <= 0xFFFF or not 1 <= self.height <= 0xFFFF:
            raise LocalError(f"{self.width}x{self.height}; MP4 has sizes from 1 to 65535")
        _check_timescale(self.timescale)


@dataclass(frozen=True, slots=True)
class AudioEntry:
    """An AAC track, and its ticks per second; LocalError for ticks that MP4 cannot hold."""

    config: AudioConfig
    timescale: int

    def __post_init__(self) -> None:
        _check_timescale(self.timescale)


Entry = VideoEntry | AudioEntry


def entry_of(track: Track) -> Entry:
    """The entry of an H.264 or AAC track. FormatError where its configuration is broken."""
    if track.kind == "audio":
        return AudioEntry(parse_audio_config(track.config), track.timescale)
    return VideoEntry(track.width, track.height, track.config, track.timescale)


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded picture (NAL units with 4-byte lengths) or one AAC frame.

    Times are ticks of the track's timescale; ``composition_offset`` is presentation time minus
    ``decode_time``. It may be negative, but FFmpeg's demuxer then moves the times that follow, so
    a stream with B frames should better be presented later. ``track_id`` is 1 for the first entry.
    """

    track_id: int
    decode_time: int
    duration: int
    composition_offset: int
    keyframe: bool
    data: bytes


def mime(tracks: Sequence[Entry]) -> str:
    """The MIME type with codecs, as `MediaSource.isTypeSupported` wants it (RFC 6381)."""
    video = any(isinstance(track, VideoEntry) for track in tracks)
    codecs = ",".join(map(_codec_string, tracks))
    return f'{"video" if video else "audio"}/mp4; codecs="{codecs}"'


def fragment(sequence: int, sample: Sample) -> bytes:
    """One moof and mdat with one sample (8.8.4).

    ``sequence`` counts fragments from 1 and may grow for ever: its lowest 32 bits are written.
    LocalError for numbers that MP4 cannot hold.
    """
    size = len(sample.data)
    flags = SYNC_FLAGS if sample.keyframe else NON_SYNC_FLAGS
    sequence &= 0xFFFFFFFF
    offset = sample.composition_offset
    try:
        if offset:
            head = _WITH_OFFSET.pack(
                _MOOF_BYTES + _OFFSET_BYTES, _MFHD, sequence, _TRACK_BYTES + _OFFSET_BYTES, _TFHD,
                sample.track_id, _TFDT, sample.decode_time, _TRUN_OFFSET, flags, sample.duration,
                size, offset, size + _MDAT_HEADER_BYTES, b"mdat",
            )  # fmt: skip
        else:
            head = _PLAIN.pack(
                _MOOF_BYTES, _MFHD, sequence, _TRACK_BYTES, _TFHD, sample.track_id, _TFDT,
                sample.decode_time, _TRUN, flags, sample.duration, size,
                size + _MDAT_HEADER_BYTES, b"mdat",
            )  # fmt: skip
    except error as problem:
        raise LocalError(f"a sample that MP4 cannot hold: {problem}") from problem
    return head + sample.data


def _codec_string(track: Entry) -> str:
    if isinstance(track, AudioEntry):
        return track.config.codec_string()
    return f"avc1.{track.config[1:4].hex().upper()}"


def _check_timescale(timescale: int) -> None:
    if not 1 <= timescale <= 0xFFFFFFFF:
        raise LocalError(f"the timescale is {timescale}; it must be from 1 to 4294967295")


def init_segment(tracks: Sequence[Entry]) -> bytes:
    """The ftyp and moov for these tracks; their ids are 1, 2, ... in order.

    All durations are 0 and there is no mehd box: the stream has no end. LocalError without tracks.
    """
    if not tracks:
        raise LocalError("an init segment must have at least one track")
    # iso5 brings default-base-is-moof, iso6 tfdt and signed composition offsets (annex E).
    brands = _box(b"ftyp", b"iso6", bytes(4), b"iso6iso5mp41")
    movie = _full(
        b"mvhd", 0, pack(">8xII", 1000, 0), pack(">IH10x", 0x10000, 0x100), _MATRIX, bytes(24),
        pack(">I", len(tracks) + 1),
    )  # fmt: skip
    numbered = list(enumerate(tracks, start=1))
    boxes = [_trak(number, track) for number, track in numbered]
    # 8.8.3: sample description 1; duration, size and flags stand in each fragment.
    extends = [_full(b"trex", 0, pack(">5I", number, 1, 0, 0, 0)) for number, _ in numbered]
    return brands + _box(b"moov", movie, *boxes, _box(b"mvex", *extends))


# 8.2.2: the unity matrix of a picture that is not turned.
_MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # 8.4.2: the language "und", 5 bits per letter


def _box(name: bytes, *payload: bytes) -> bytes:
    return b"".join((pack(">I4s", 8 + sum(map(len, payload)), name), *payload))


def _full(name: bytes, flags: int, *payload: bytes) -> bytes:
    """A FullBox of version 0 (4.2)."""
    return _box(name, pack(">I", flags), *payload)


def _trak(number: int, track: Entry) -> bytes:
    video = isinstance(track, VideoEntry)
    width, height = (track.width, track.height) if isinstance(track, VideoEntry) else (0, 0)
    volume = 0 if video else 0x100
    header = _full(
        b"tkhd", 3, pack(">8xI4xI8x", number, 0), pack(">4xH2x", volume), _MATRIX,
        pack(">II", width << 16, height << 16),
    )  # fmt: skip
    media = _full(b"mdhd", 0, pack(">8xIIHxx", track.timescale, 0, _UNDETERMINED))
    handler = _full(b"hdlr", 0, bytes(4), b"vide" if video else b"soun", bytes(12), b"televise\0")
    information = _full(b"vmhd", 1, bytes(8)) if video else _full(b"smhd", 0, bytes(4))
    # 8.7.2: flag 1, the media data is in this file.
    source = _box(b"dinf", _full(b"dref", 0, pack(">I", 1), _full(b"url ", 1)))
    contents = _box(b"minf", information, source, _sample_table(track))
    return _box(b"trak", header, _box(b"mdia", media, handler, contents))


def _sample_table(track: Entry) -> bytes:
    """An stbl with the sample entry and no samples (8.5.1)."""
    entry = _avc1(track) if isinstance(track, VideoEntry) else _mp4a(track.config)
    nothing = [_full(name, 0, bytes(4)) for name in (b"stts", b"stsc", b"stco")]
    sizes = _full(b"stsz", 0, bytes(8))
    return _box(b"stbl", _full(b"stsd", 0, pack(">I", 1), entry), *nothing, sizes)


def _avc1(track: VideoEntry) -> bytes:
    """12.1.3: data reference 1, 72 dpi, one frame per sample, depth 24, then the avcC."""
    fields = pack(">6xH16xHH", 1, track.width, track.height)
    fields += pack(">II4xH32xHh", 72 << 16, 72 << 16, 1, 24, -1)
    return _box(b"avc1", fields, _box(b"avcC", track.config))


def _mp4a(config: AudioConfig) -> bytes:
    """12.2.3: data reference 1, channels, 16 bits, rate; then the esds."""
    # The rate has 16 bits before the point; a higher one stands in the AudioSpecificConfig only.
    rate = config.sample_rate if config.sample_rate <= 0xFFFF else 0
    fields = pack(">6xH8xHH4xI", 1, config.channels, 16, rate << 16)
    return _box(b"mp4a", fields, _full(b"esds", 0, _elementary_stream(config.data)))


def _elementary_stream(data: bytes) -> bytes:
    """The ES_Descriptor (ISO/IEC 14496-1 7.2.6.5): MPEG-4 audio (40), audio stream (5)."""
    decoder = pack(">BB3xII", 0x40, 5 << 2 | 1, 0, 0) + _descriptor(5, data)
    return _descriptor(3, bytes(3) + _descriptor(4, decoder) + _descriptor(6, b"\x02"))


def _descriptor(tag: int, payload: bytes) -> bytes:
    """A tag and a size of four times 7 bits (ISO/IEC 14496-1 8.3.3)."""
    size = len(payload)
    sizes = [size >> shift & 0x7F | more for shift, more in ((21, 128), (14, 128), (7, 128))]
    return bytes((tag, *sizes, size & 0x7F)) + payload
