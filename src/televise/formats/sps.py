"""SequenceParameterSet: what an H.264 stream says about its pictures.

Field names in comments and errors are those of ISO/IEC 14496-10 (Rec. ITU-T H.264), section
7.3.2.1.1 and annex E.1.
"""

from dataclasses import dataclass
from typing import NamedTuple

from televise.errors import FormatError
from televise.formats.bits import BitReader, unescape

NAL_TYPE = 7
# 7.3.2.1.1: the profiles whose parameter sets carry chroma format and bit depth.
HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
# A.3.1 with level 6.2 of table A-1: no side is longer than sqrt(8 * MaxFS) macroblocks.
MAX_MACROBLOCKS = 1055
MAX_NUM_REORDER_FRAMES = 16
EXTENDED_SAR = 255


@dataclass(frozen=True, slots=True)
class SequenceParameterSet:
    """The facts of one SPS.

    ``width`` and ``height`` are pixels of the cropped picture (a frame, not a field);
    ``constraints`` is the byte of constraint_set flags; ``level`` is ten times the level;
    ``chroma_format`` is 0 (grey), 1 (4:2:0), 2 (4:2:2) or 3 (4:4:4); ``bit_depth`` is that of luma
    and chroma. ``reorder_frames`` is max_num_reorder_frames, or None where the stream does not say.
    """

    profile: int
    constraints: int
    level: int
    chroma_format: int
    bit_depth: int
    width: int
    height: int
    reorder_frames: int | None


class _Chroma(NamedTuple):
    """chroma_format_idc, the bit depth, and ChromaArrayType (0 for separate colour planes)."""

    chroma_format: int = 1
    bit_depth: int = 8
    array_type: int = 1


def parse_sps(nal: bytes) -> SequenceParameterSet:
    """Parse an SPS NAL unit (header byte included, emulation prevention still in place).

    Raises FormatError where it is not one, or where luma and chroma differ in bit depth, which
    no decoder that we know can play.
    """
    if not nal or nal[0] & 0x1F != NAL_TYPE:
        raise FormatError("not a sequence parameter set: its NAL unit type must be 7")
    reader = BitReader(unescape(nal[1:]))
    profile, constraints, level = reader.bits(8), reader.bits(8), reader.bits(8)
    reader.unsigned("seq_parameter_set_id", 31)
    chroma = _chroma(reader) if profile in HIGH_PROFILES else _Chroma()
    _skip_order_count(reader)
    width, height = _size(reader, chroma.array_type)
    reorder_frames = _reorder_frames(reader) if reader.flag() else None
    return SequenceParameterSet(
        profile, constraints, level, chroma.chroma_format, chroma.bit_depth, width, height,
        reorder_frames,
    )  # fmt: skip


def _chroma(reader: BitReader) -> _Chroma:
    chroma_format = reader.unsigned("chroma_format_idc", 3)
    separate = chroma_format == 3 and reader.flag()  # separate_colour_plane_flag
    luma = 8 + reader.unsigned("bit_depth_luma_minus8", 6)
    chroma = 8 + reader.unsigned("bit_depth_chroma_minus8", 6)
    if chroma_format and luma != chroma:
        raise FormatError(f"luma has {luma} bits and chroma {chroma}; both must be the same")
    reader.skip(1)  # qpprime_y_zero_transform_bypass_flag
    if reader.flag():  # seq_scaling_matrix_present_flag
        _skip_scaling_lists(reader, 12 if chroma_format == 3 else 8)
    return _Chroma(chroma_format, luma, 0 if separate else chroma_format)


def _skip_scaling_lists(reader: BitReader, count: int) -> None:
    for index in range(count):
        if reader.flag():  # seq_scaling_list_present_flag
            _skip_scaling_list(reader, 16 if index < 6 else 64)


def _skip_scaling_list(reader: BitReader, length: int) -> None:
    """7.3.2.1.1.1: after a next scale of zero the list has no more numbers."""
    scale = 8
    for _ in range(length):
        scale = (scale + reader.signed("delta_scale")) % 256
        if scale == 0:
            return


def _skip_order_count(reader: BitReader) -> None:
    """From log2_max_frame_num_minus4 to gaps_in_frame_num_value_allowed_flag."""
    reader.unsigned("log2_max_frame_num_minus4", 12)
    kind = reader.unsigned("pic_order_cnt_type", 2)
    if kind == 0:
        reader.unsigned("log2_max_pic_order_cnt_lsb_minus4", 12)
    elif kind == 1:
        reader.skip(1)  # delta_pic_order_always_zero_flag
        reader.signed("offset_for_non_ref_pic")
        reader.signed("offset_for_top_to_bottom_field")
        for _ in range(reader.unsigned("num_ref_frames_in_pic_order_cnt_cycle", 255)):
            reader.signed("offset_for_ref_frame")
    reader.unsigned("max_num_ref_frames", 16)
    reader.skip(1)  # gaps_in_frame_num_value_allowed_flag


def _size(reader: BitReader, array_type: int) -> tuple[int, int]:
    """Width and height in pixels, cropped (equations 7-13 to 7-22)."""
    width = 16 * (1 + reader.unsigned("pic_width_in_mbs_minus1", MAX_MACROBLOCKS - 1))
    units = 1 + reader.unsigned("pic_height_in_map_units_minus1", MAX_MACROBLOCKS - 1)
    fields = 1 if reader.flag() else 2  # frame_mbs_only_flag
    if fields == 2:
        reader.skip(1)  # mb_adaptive_frame_field_flag
    reader.skip(1)  # direct_8x8_inference_flag
    height = 16 * units * fields
    if reader.flag():  # frame_cropping_flag
        left, right, top, bottom = [reader.unsigned("frame_crop_offset") for _ in range(4)]
        width -= (left + right) * (2 if array_type in (1, 2) else 1)
        height -= (top + bottom) * (2 if array_type == 1 else 1) * fields
    if width <= 0 or height <= 0:
        raise FormatError("the cropping leaves no picture")
    return width, height


def _reorder_frames(reader: BitReader) -> int | None:
    """max_num_reorder_frames out of the VUI parameters (E.1.1), None where they leave it out."""
    _skip_picture_description(reader)
    if reader.flag():  # timing_info_present_flag
        reader.skip(65)
    network, video = _skip_buffering(reader), _skip_buffering(reader)
    if network or video:
        reader.skip(1)  # low_delay_hrd_flag
    reader.skip(1)  # pic_struct_present_flag
    if not reader.flag():  # bitstream_restriction_flag
        return None
    reader.skip(1)  # motion_vectors_over_pic_boundaries_flag
    reader.unsigned("max_bytes_per_pic_denom")
    reader.unsigned("max_bits_per_mb_denom")
    reader.unsigned("log2_max_mv_length_horizontal")
    reader.unsigned("log2_max_mv_length_vertical")
    return reader.unsigned("max_num_reorder_frames", MAX_NUM_REORDER_FRAMES)


def _skip_picture_description(reader: BitReader) -> None:
    """The VUI from aspect_ratio_info_present_flag to the chroma sample locations."""
    if reader.flag() and reader.bits(8) == EXTENDED_SAR:  # aspect_ratio_idc
        reader.skip(32)  # sar_width, sar_height
    if reader.flag():  # overscan_info_present_flag
        reader.skip(1)
    if reader.flag():  # video_signal_type_present_flag
        reader.skip(4)  # video_format, video_full_range_flag
        if reader.flag():  # colour_description_present_flag
            reader.skip(24)
    if reader.flag():  # chroma_loc_info_present_flag
        reader.unsigned("chroma_sample_loc_type_top_field", 5)
        reader.unsigned("chroma_sample_loc_type_bottom_field", 5)


def _skip_buffering(reader: BitReader) -> bool:
    """One optional set of HRD parameters (E.1.2); says whether it was there."""
    present = reader.flag()
    if present:
        count = 1 + reader.unsigned("cpb_cnt_minus1", 31)
        reader.skip(8)  # bit_rate_scale, cpb_size_scale
        for _ in range(count):
            reader.unsigned("bit_rate_value_minus1")
            reader.unsigned("cpb_size_value_minus1")
            reader.skip(1)  # cbr_flag
        reader.skip(20)  # three delay lengths, time_offset_length
    return present
