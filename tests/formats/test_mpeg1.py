import contextlib
from fractions import Fraction

import av
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, LocalError
from televise.formats import mpeg1
from tests.formats.witness import pictures

I_PICTURE = bytes.fromhex("000001b80008004000000100000ffff8")
P_PICTURE = bytes.fromhex("000001000057fff880")
B_PICTURE = bytes.fromhex("00000100005ffff880")


def header(
    width: int = 64, height: int = 48, rate: int = 3, bits: int = 2500, own: str = "00"
) -> bytes:
    text = f"{width:012b}{height:012b}0001{rate:04b}{bits:018b}1{20:010b}0"
    for flag in own:
        text += flag + ("00000001" * 64 if flag == "1" else "")
    size = -(-len(text) // 8)
    return mpeg1.SEQUENCE_CODE + int(text.ljust(size * 8, "0"), 2).to_bytes(size, "big")


def test_the_sequence_header() -> None:
    parsed = mpeg1.parse_sequence_header(header() + I_PICTURE)
    assert parsed == mpeg1.SequenceHeader(64, 48, Fraction(25), 1_000_000, own_matrices=False)
    assert mpeg1.parse_sequence_header(header(bits=0x3FFFF)).bitrate == 0
    for own in ("01", "10", "11"):
        assert mpeg1.parse_sequence_header(header(own=own)).own_matrices
    assert mpeg1.parse_sequence_header(header(rate=1)).frame_rate == Fraction(24000, 1001)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\1\xb3", header()[:11], I_PICTURE, header(width=0), header(rate=0), header(rate=9),
     header(own="1")[:60]],
    ids=["nothing", "code", "cut", "picture", "width", "rate 0", "rate 9", "cut matrix"],
)  # fmt: skip
def test_what_is_no_sequence_header(data: bytes) -> None:
    with pytest.raises(FormatError):
        mpeg1.parse_sequence_header(data)


def test_picture_types() -> None:
    assert mpeg1.picture_types(b"") == []
    stream = header() + I_PICTURE + P_PICTURE + B_PICTURE
    assert mpeg1.picture_types(stream) == [1, 2, 3]
    with pytest.raises(FormatError, match="cut off"):
        mpeg1.picture_types(P_PICTURE[:5])


def test_what_ffmpeg_writes() -> None:
    encoder = av.CodecContext.create("mpeg1video", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 176, 144, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1001, 30000), Fraction(30000, 1001)
    encoder.gop_size, encoder.max_b_frames, encoder.bit_rate = 8, 1, 800_000
    frames = [*pictures(176, 144, 12, "yuv420p"), None]
    data = [bytes(packet) for frame in frames for packet in encoder.encode(frame)]
    types = [kind for each in data for kind in mpeg1.picture_types(each)]
    assert len(types) == 12
    assert set(types) == {mpeg1.I_PICTURE, mpeg1.P_PICTURE, mpeg1.B_PICTURE}
    parsed = mpeg1.parse_sequence_header(data[0])
    assert (parsed.width, parsed.height, parsed.frame_rate) == (176, 144, Fraction(30000, 1001))


def test_the_jsmp_header() -> None:
    assert mpeg1.jsmp_header(640, 360) == b"jsmp\x02\x80\x01\x68"
    for size in ((0, 2), (2, 4096), (70000, 2), (-2, 2)):
        with pytest.raises(LocalError, match="from 1 to 4095"):
            mpeg1.jsmp_header(*size)


def test_the_rules_of_jsmp() -> None:
    assert mpeg1.check_jsmp(header() + I_PICTURE) is True
    assert mpeg1.check_jsmp(P_PICTURE) is False
    assert mpeg1.check_jsmp(I_PICTURE) is False, "without its sequence header"
    assert mpeg1.check_jsmp(header() + P_PICTURE) is False
    assert mpeg1.check_jsmp((header() + I_PICTURE).ljust((512 << 10) - 1, b"x")) is True


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "one I or P"),
        (header(), "one I or P"),
        (B_PICTURE, "one I or P"),
        (P_PICTURE + P_PICTURE, "one I or P"),
        (header(own="01") + I_PICTURE, "matrices"),
        (header(rate=0) + I_PICTURE, "frame rate"),
        (P_PICTURE.ljust(512 << 10, b"x"), "512 KiB"),
    ],
)
def test_what_jsmp_cannot_carry(message: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        mpeg1.check_jsmp(message)


@given(st.binary(max_size=60))
def test_rubbish_is_a_format_error(data: bytes) -> None:
    for parse in (mpeg1.parse_sequence_header, mpeg1.picture_types, mpeg1.check_jsmp):
        for start in (b"", mpeg1.SEQUENCE_CODE, mpeg1.PICTURE_CODE):
            with contextlib.suppress(FormatError):
                parse(start + data)
