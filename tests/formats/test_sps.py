from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.formats import box, h264
from televise.formats.sps import HIGH_PROFILES, SequenceParameterSet, parse_sps
from tests.formats.bit_writer import BitWriter, escape
from tests.formats.witness import decode_h264, encode_h264, golden

# x264's options, then what the SPS must say: profile, chroma format, bit depth.
PROFILES: list[tuple[dict[str, Any], tuple[int, int, int]]] = [
    ({"profile": "baseline"}, (66, 1, 8)),
    ({"profile": "main", "bf": "2"}, (77, 1, 8)),
    ({"preset": "medium"}, (100, 1, 8)),
    ({"pix_fmt": "yuv420p10le"}, (110, 1, 10)),
    ({"pix_fmt": "yuv422p"}, (122, 2, 8)),
    ({"pix_fmt": "yuv422p10le"}, (122, 2, 10)),
    ({"pix_fmt": "yuv444p"}, (244, 3, 8)),
    ({"pix_fmt": "gray"}, (100, 0, 8)),
    ({"x264-params": "interlaced=1"}, (77, 1, 8)),
    ({"preset": "medium", "x264-params": "cqm=jvt"}, (100, 1, 8)),
    ({"pix_fmt": "yuv444p", "preset": "medium", "x264-params": "cqm=jvt"}, (244, 3, 8)),
    ({"x264-params": "nal-hrd=cbr:bitrate=999:vbv-maxrate=999:vbv-bufsize=999"}, (66, 1, 8)),
    (
        {
            "x264-params": "colorprim=bt709:transfer=bt709:colormatrix=bt709:overscan=crop:"
            "videoformat=pal:chromaloc=2:sar=4/3:pic-struct=1"
        },
        (66, 1, 8),
    ),
]


@pytest.mark.parametrize("size", [(64, 48), (70, 52), (1920, 1080)], ids=str)
@pytest.mark.parametrize(("options", "facts"), PROFILES, ids=str)
def test_facts_are_those_of_ffmpegs_decoder(
    options: dict[str, Any], facts: tuple[int, int, int], size: tuple[int, int]
) -> None:
    encoding = encode_h264(*size, count=2 if size[0] > 1000 else 8, **options)
    sets = h264.parameter_sets_annexb(encoding.extradata)
    assert sets is not None
    ours = parse_sps(sets.sps[0])
    decoder, frames = decode_h264(encoding)
    assert frames
    assert (ours.width, ours.height) == (decoder.width, decoder.height) == size
    assert (ours.profile, ours.chroma_format, ours.bit_depth) == facts
    assert ours.level == decoder.level
    assert ours.reorder_frames == decoder.reorder_depth


@pytest.mark.parametrize(
    ("pix_fmt", "size"),
    [("yuv444p", (37, 23)), ("yuv422p", (38, 23)), ("yuv420p", (38, 22)), ("gray", (37, 23))],
)
def test_odd_sizes_are_cropped(pix_fmt: str, size: tuple[int, int]) -> None:
    encoding = encode_h264(*size, count=2, pix_fmt=pix_fmt)
    sets = h264.parameter_sets_annexb(encoding.extradata)
    assert sets is not None
    ours = parse_sps(sets.sps[0])
    assert (ours.width, ours.height) == size


@pytest.mark.parametrize(
    ("name", "size"),
    [("bigbuckbunny.mp4", (1280, 720)), ("bikes.mp4", None), ("carphone_pristine.mp4", None)],
)
def test_real_films(clip: Callable[[str], Path], name: str, size: tuple[int, int] | None) -> None:
    """Against the size in the film's own sample entry (ISO/IEC 14496-12 12.1.3)."""
    tables = box.find(clip(name).read_bytes(), "moov", "trak", "mdia", "minf", "stbl")
    entry = box.find(tables, "stsd", "avc1")
    sets, length_size = h264.parse_record(box.find(tables, "stsd", "avc1", "avcC"))
    ours = parse_sps(sets.sps[0])
    written = (int.from_bytes(entry[24:26], "big"), int.from_bytes(entry[26:28], "big"))
    assert (ours.width, ours.height) == written == (size or written)
    assert length_size == 4


@dataclass(frozen=True)
class Written:
    """An SPS that the test wrote, and what the parser must find in it."""

    nal: bytes
    expected: SequenceParameterSet


@st.composite
def parameter_sets(draw: st.DrawFn) -> Written:
    """Any SPS, field by field as in ISO/IEC 14496-10 7.3.2.1.1 and annex E."""
    out, flag = BitWriter(), st.booleans()
    number = st.integers(0, 1000)

    def maybe() -> bool:
        value = draw(flag)
        out.bits(1, value)
        return value

    profile = draw(st.sampled_from([66, 77, 88, *sorted(HIGH_PROFILES)]))
    constraints, level = draw(st.integers(0, 255)), draw(st.integers(0, 255))
    out.bits(24, profile << 16 | constraints << 8 | level)
    out.unsigned(draw(st.integers(0, 31)))
    chroma, depth, separate = 1, 8, False
    if profile in HIGH_PROFILES:
        chroma, depth = draw(st.integers(0, 3)), draw(st.integers(8, 14))
        out.unsigned(chroma)
        if chroma == 3:
            separate = maybe()
        out.unsigned(depth - 8)
        out.unsigned(depth - 8)
        maybe()
        if maybe():
            _write_scaling(draw, out, 12 if chroma == 3 else 8)
    _write_order(draw, out)
    maybe()
    width, height = draw(st.integers(1, 1055)), draw(st.integers(1, 500))
    out.unsigned(width - 1)
    out.unsigned(height - 1)
    fields = 1 if maybe() else 2
    if fields == 2:
        maybe()
    maybe()
    width, height = 16 * width, 16 * height * fields
    if maybe():
        left, right, top, bottom = (draw(st.integers(0, 3)) for _ in range(4))
        for offset in (left, right, top, bottom):
            out.unsigned(offset)
        # Table 6-1: SubWidthC and SubHeightC; one colour plane alone is like grey.
        units = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}[0 if separate else chroma]
        width -= (left + right) * units[0]
        height -= (top + bottom) * units[1] * fields
    reorder = None
    if maybe():
        _write_picture(draw, out)
        if maybe():
            out.bits(65, draw(st.integers(0, (1 << 65) - 1)))
        buffering = [_write_buffering(draw, out) for _ in range(2)]
        if any(buffering):
            maybe()
        maybe()
        if maybe():
            maybe()
            for _ in range(4):
                out.unsigned(draw(number))
            reorder = draw(st.integers(0, 16))
            out.unsigned(reorder)
            out.unsigned(16)
    expected = SequenceParameterSet(
        profile, constraints, level, chroma, depth, width, height, reorder
    )
    return Written(b"\x67" + escape(out.data()), expected)


def _write_scaling(draw: st.DrawFn, out: BitWriter, count: int) -> None:
    for index in range(count):
        present = draw(st.booleans())
        out.bits(1, present)
        scale = 8
        for _ in range(16 if index < 6 else 64) if present else ():
            following = draw(st.sampled_from([0, 1, 8, 16, 255]))
            out.signed((following - scale + 128) % 256 - 128)
            scale = following
            if scale == 0:
                break


def _write_order(draw: st.DrawFn, out: BitWriter) -> None:
    signed = st.integers(-(1 << 31) + 1, (1 << 31) - 1)
    out.unsigned(draw(st.integers(0, 12)))
    kind = draw(st.integers(0, 2))
    out.unsigned(kind)
    if kind == 0:
        out.unsigned(draw(st.integers(0, 12)))
    if kind == 1:
        out.bits(1, draw(st.booleans()))
        out.signed(draw(signed))
        out.signed(draw(signed))
        offsets = draw(st.lists(signed, max_size=5))
        out.unsigned(len(offsets))
        for offset in offsets:
            out.signed(offset)
    out.unsigned(draw(st.integers(0, 16)))


def _write_picture(draw: st.DrawFn, out: BitWriter) -> None:
    aspect = draw(st.sampled_from([None, 1, 255]))
    out.bits(1, aspect is not None)
    if aspect is not None:
        out.bits(8, aspect)
    if aspect == 255:
        out.bits(32, 0x00040003)
    for present, bits in ((draw(st.booleans()), 1), (draw(st.booleans()), 4)):
        out.bits(1, present)
        if present:
            out.bits(bits, 0)
    if present:
        colours = draw(st.booleans())
        out.bits(1, colours)
        if colours:
            out.bits(24, 0x010101)
    locations = draw(st.booleans())
    out.bits(1, locations)
    if locations:
        out.unsigned(draw(st.integers(0, 5)))
        out.unsigned(draw(st.integers(0, 5)))


def _write_buffering(draw: st.DrawFn, out: BitWriter) -> bool:
    count = draw(st.integers(0, 4) | st.just(32))
    out.bits(1, count > 0)
    if count:
        out.unsigned(count - 1)
        out.bits(8, 0x12)
        for _ in range(count):
            out.unsigned(draw(st.integers(0, (1 << 32) - 2)))
            out.unsigned(99)
            out.bits(1, 1)
        out.bits(20, 0)
    return count > 0


@given(parameter_sets())
def test_every_field_of_the_standard_is_followed(written: Written) -> None:
    assert parse_sps(written.nal) == written.expected


@given(parameter_sets(), st.data())
def test_a_cut_set_is_refused(written: Written, data: st.DataObject) -> None:
    """Without its last byte of fields it must not be taken for a whole one."""
    size = data.draw(st.integers(0, len(written.nal) - 3))
    try:
        cut = parse_sps(written.nal[:size])
    except FormatError:
        return
    # The one thing behind the last fact is max_dec_frame_buffering, which nobody asks for.
    assert cut == written.expected
    assert size >= len(written.nal) - 4


@given(st.binary(max_size=80))
def test_any_bytes_are_a_set_or_refused(data: bytes) -> None:
    try:
        found = parse_sps(b"\x67" + data)
    except FormatError:
        return
    assert 0 < found.width <= 16880
    assert 0 < found.height <= 33760


def test_the_golden_set() -> None:
    sets = h264.parameter_sets_annexb(golden("h264_extradata"))
    assert sets is not None
    assert parse_sps(sets.sps[0]) == SequenceParameterSet(100, 0, 31, 1, 8, 1280, 720, 2)


@pytest.mark.parametrize("nal", [b"", b"\x68\x42\xc0\x0a", b"\x65"])
def test_other_units_are_refused(nal: bytes) -> None:
    with pytest.raises(FormatError, match="must be 7"):
        parse_sps(nal)


def test_different_bit_depths_are_refused() -> None:
    out = BitWriter()
    out.bits(24, 0x64001F)
    for value in (0, 1, 0, 2):  # id, 4:2:0, luma 8, chroma 10
        out.unsigned(value)
    with pytest.raises(FormatError, match="luma has 8 bits and chroma 10"):
        parse_sps(b"\x67" + escape(out.data()))


def test_cropping_everything_away_is_refused() -> None:
    out = BitWriter()
    out.bits(24, 0x42001F)
    for value in (0, 0, 2, 1):  # id, frame number bits, order type, reference frames
        out.unsigned(value)
    out.bits(1, 0)
    out.unsigned(0)
    out.unsigned(0)
    out.bits(3, 0b101 | 0b010)  # frames only, direct inference, cropping
    for value in (4, 4, 0, 0):
        out.unsigned(value)
    with pytest.raises(FormatError, match="no picture"):
        parse_sps(b"\x67" + escape(out.data()))
