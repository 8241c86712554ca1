from typing import Any

import pytest
from av.video.frame import PictureType
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, LocalError
from televise.formats import box, h264
from televise.formats.h264 import ParameterSets
from tests.formats.witness import decode_h264, encode_h264, golden, mp4_by_ffmpeg

ENCODINGS: list[dict[str, Any]] = [
    {"profile": "baseline"},
    {"profile": "main", "bf": "2"},
    {"preset": "medium"},
    {"pix_fmt": "yuv420p10le"},
    {"pix_fmt": "yuv422p"},
    {"pix_fmt": "yuv422p10le"},
    {"pix_fmt": "yuv444p"},
    {"pix_fmt": "gray"},
    {"x264-params": "interlaced=1"},
]
# What may stand in a NAL unit: no start code inside, and no zero at the end.
NALS = st.lists(
    st.binary(min_size=1).map(lambda data: data.replace(b"\0\0", b"\0\xff").rstrip(b"\0") + b"\x80")
)


@given(NALS)
def test_annexb_round_trip(nals: list[bytes]) -> None:
    assert h264.split_annexb(h264.join_annexb(nals)) == nals


@given(NALS, st.integers(0, 3), st.integers(0, 3))
def test_annexb_takes_any_number_of_zeros_between_units(
    nals: list[bytes], before: int, after: int
) -> None:
    data = b"".join(bytes(before) + b"\0\0\1" + nal + bytes(after) for nal in nals)
    assert h264.split_annexb(data) == nals


@given(st.lists(st.binary(min_size=1, max_size=300)))
def test_avcc_round_trip(nals: list[bytes]) -> None:
    data = h264.join_avcc(nals)
    assert h264.split_avcc(data) == nals
    assert len(data) == sum(4 + len(nal) for nal in nals)


@pytest.mark.parametrize("size", [1, 2, 4])
@given(nals=st.lists(st.binary(min_size=1, max_size=255)))
def test_avcc_with_other_length_sizes(size: int, nals: list[bytes]) -> None:
    data = b"".join(len(nal).to_bytes(size, "big") + nal for nal in nals)
    assert h264.split_avcc(data, size) == nals


def test_empty_units_are_left_out() -> None:
    assert h264.split_annexb(b"\0\0\1\0\0\1\x09\0\0\0\1") == [b"\x09"]
    assert h264.split_avcc(b"\0\0\0\0\0\0\0\1\x09") == [b"\x09"]
    assert h264.split_annexb(b"") == h264.split_avcc(b"") == []


@pytest.mark.parametrize(
    "data", [b"\0", b"\0\0\0", b"\0\0\0\1", b"\0\0\0\3ab", b"\0\0\0\1a\0", b"\xff\xff\xff\xff"]
)
def test_avcc_that_is_cut_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="longer than the data"):
        h264.split_avcc(data)


def test_bytes_before_the_first_start_code_are_refused() -> None:
    with pytest.raises(FormatError, match="not Annex B"):
        h264.split_annexb(b"\x67\0\0\1\x68")


def test_a_length_size_of_three_is_our_own_mistake() -> None:
    with pytest.raises(LocalError, match="1, 2 or 4"):
        h264.split_avcc(b"", 3)


def test_nal_type_is_the_lowest_five_bits() -> None:
    assert h264.nal_type(b"\x67\x64") == h264.SPS
    assert h264.nal_type(b"\x41") == h264.SLICE
    with pytest.raises(FormatError, match="empty"):
        h264.nal_type(b"")


@given(st.binary(), st.sampled_from([1, 2, 4]))
def test_any_length_prefixed_bytes_are_split_or_refused(data: bytes, size: int) -> None:
    try:
        nals = h264.split_avcc(data, size)
    except FormatError:
        return
    assert all(nals)
    assert sum(map(len, nals)) + size * len(nals) <= len(data)


@given(st.lists(st.sampled_from([0, 0, 0, 1, 1, 3, 0x67, 0x68, 0x80])).map(bytes))
def test_any_annexb_bytes_are_split_or_refused(data: bytes) -> None:
    try:
        nals = h264.split_annexb(data)
        sets = h264.parameter_sets_annexb(data)
    except FormatError:
        return
    assert all(nals)
    assert not any(b"\0\0\1" in nal or nal.endswith(b"\0") for nal in nals)
    assert sets is None or set(sets.sps + sets.pps) <= set(nals)


@given(st.binary(), st.integers(0, 2), st.integers(0, 2))
def test_any_record_is_parsed_or_refused(data: bytes, sps: int, pps: int) -> None:
    body = b"\x01\x42\xc0\x0a\xff" + bytes([sps]) + b"\0\4\x67\x42\xc0\x0a" * sps
    try:
        sets, length_size = h264.parse_record(body + bytes([pps]) + data)
    except FormatError:
        return
    assert length_size == 4
    assert len(sets.sps) == sps
    assert len(sets.pps) == pps


@given(st.binary())
def test_any_slice_is_b_or_not_or_refused(data: bytes) -> None:
    assert not h264.is_b_slice(b"\x65" + data)
    try:
        found = h264.is_b_slice(b"\x41" + data)
    except FormatError:
        return
    assert found is h264.is_b_slice(b"\x01" + data + b"more")


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("options", ENCODINGS, ids=str)
def test_record_is_what_ffmpeg_writes(options: dict[str, Any]) -> None:
    encoding = encode_h264(70, 52, **options)
    path = ("moov", "trak", "mdia", "minf", "stbl", "stsd", "avc1", "avcC")
    theirs = box.find(mp4_by_ffmpeg(encoding), *path)
    sets = h264.parameter_sets_annexb(encoding.extradata)
    assert sets is not None
    assert sets.record() == theirs
    assert h264.parse_record(theirs) == (sets, 4)


@pytest.mark.parametrize("options", ENCODINGS, ids=str)
def test_b_slices_are_the_decoders_b_frames(options: dict[str, Any]) -> None:
    encoding = encode_h264(**options, count=20)
    _, frames = decode_h264(encoding)
    theirs = {frame.pts for frame in frames if frame.pict_type == PictureType.B}
    ours = {
        packet.pts
        for packet in encoding.packets
        if any(map(h264.is_b_slice, h264.split_annexb(packet.data)))
    }
    assert len(frames) == 20
    assert ours == theirs
    assert bool(ours) == (options.get("preset") == "medium" or "bf" in options)


def test_units_of_a_real_stream() -> None:
    rate = "nal-hrd=cbr:bitrate=9000:vbv-maxrate=9000:vbv-bufsize=9000"
    options: dict[str, Any] = {"x264-params": f"aud=1:{rate}"}
    encoding = encode_h264(**options)
    kinds = [set(map(h264.nal_type, h264.split_annexb(p.data))) for p in encoding.packets]
    assert kinds[0] == {h264.AUD, h264.SEI, h264.IDR}
    assert all({h264.AUD, h264.SEI, h264.SLICE} <= kind for kind in kinds[1:])
    assert set.union(*kinds[1:]) == {h264.AUD, h264.SEI, h264.SLICE, h264.FILLER}
    header = set(map(h264.nal_type, h264.split_annexb(encoding.extradata)))
    assert {h264.SPS, h264.PPS} <= header <= {h264.SPS, h264.PPS, h264.SEI}


def test_a_cut_slice_header_is_refused() -> None:
    with pytest.raises(FormatError, match="ends too early"):
        h264.is_b_slice(b"\x01\x00")
    assert not h264.is_b_slice(b"\x65\x00")


@pytest.mark.parametrize(
    ("number", "code"),
    [(0, "1"), (1, "010"), (2, "011"), (5, "00110"), (6, "00111"), (9, "0001010")],
)
def test_slice_types_of_the_standard(number: int, code: str) -> None:
    header = ("1" + code).ljust(16, "1")  # first_mb_in_slice 0
    nal = b"\x01" + int(header, 2).to_bytes(2, "big")
    assert h264.is_b_slice(nal) is (number in (1, 6))


def test_a_slice_type_above_nine_is_refused() -> None:
    with pytest.raises(FormatError, match="slice_type is 10"):
        h264.is_b_slice(b"\x01" + int("1" + "0001011" + "1" * 8, 2).to_bytes(2, "big"))


def test_the_slice_type_behind_emulation_prevention() -> None:
    # 22 zeros, then 1 and 22 bits (a first macroblock far away), then 010: B.
    header = int(("0" * 22 + "1" + "0" * 22 + "010").ljust(56, "1"), 2).to_bytes(7, "big")
    assert header[:3] == b"\0\0\2"
    assert h264.is_b_slice(b"\x01\0\0\3\2" + header[3:])


def test_codec_string_is_profile_constraints_level() -> None:
    sets = h264.parameter_sets_annexb(golden("h264_extradata"))
    assert sets is not None
    assert sets.codec_string() == "avc1.64001F"


def test_sets_are_found_once_and_only_in_pairs() -> None:
    sps, pps = b"\x67\x42\xc0\x0a\x80", b"\x68\xce"
    twice = h264.join_annexb([sps, pps, b"\x65\x88", sps, pps])
    assert h264.parameter_sets_annexb(twice) == ParameterSets((sps,), (pps,))
    assert h264.parameter_sets_annexb(h264.join_annexb([sps])) is None
    assert h264.parameter_sets_annexb(h264.join_annexb([pps])) is None


@pytest.mark.parametrize("count", [1, 2, 31])
def test_records_with_several_sets(count: int) -> None:
    sps = tuple(b"\x67\x4d\x40\x15" + bytes([index]) * index for index in range(count))
    sets = ParameterSets(sps, tuple(b"\x68" + bytes([index + 1]) for index in range(8 * count)))
    assert h264.parse_record(sets.record()) == (sets, 4)


@pytest.mark.parametrize("length_size", [1, 2])
def test_records_with_other_length_sizes(length_size: int) -> None:
    sets = ParameterSets((b"\x67\x42\xc0\x0a",), (b"\x68\xce",))
    record = bytearray(sets.record())
    record[4] = 0xFC | (length_size - 1)
    assert h264.parse_record(bytes(record)) == (sets, length_size)


@pytest.mark.parametrize(
    ("sps", "pps"),
    [
        ((), (b"\x68\xce",)),
        ((b"\x67\x42\xc0\x0a",), ()),
        ((b"\x67\x42\xc0\x0a",) * 32, (b"\x68\xce",)),
        ((b"\x67\x42\xc0\x0a",), (b"\x68\xce",) * 256),
        ((b"\x68\x42\xc0\x0a",), (b"\x68\xce",)),
        ((b"\x67\x42\xc0",), (b"\x68\xce",)),
        ((b"\x67\x42\xc0\x0a",), (b"",)),
        ((b"\x67\x42\xc0\x0a" + b"1" * 65532,), (b"\x68\xce",)),
    ],
)
def test_sets_that_no_record_can_hold(sps: tuple[bytes, ...], pps: tuple[bytes, ...]) -> None:
    with pytest.raises(FormatError):
        ParameterSets(sps, pps)


def test_a_record_cut_anywhere_before_its_trailer_is_refused() -> None:
    sets = ParameterSets((b"\x67\x42\xc0\x0a\x12",), (b"\x68\xce\x01",))
    record = sets.record()
    for size in range(len(record)):
        with pytest.raises(FormatError):
            h264.parse_record(record[:size])


def test_a_record_with_three_byte_lengths_is_refused() -> None:
    with pytest.raises(FormatError, match="3 bytes"):
        h264.parse_record(b"\x01\x42\xc0\x0a\xfe\xe1\x00")
