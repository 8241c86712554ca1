"""FLV: what FFmpeg writes, we write, and what we write FFmpeg reads."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import LocalError
from televise.formats import flv
from tests.formats.rtmp_publisher import flv_tags
from tests.formats.witness import encode_h264, ffmpeg, ffprobe

TAGS = st.tuples(st.sampled_from([8, 9, 18]), st.integers(0, (1 << 32) - 1), st.binary())


@pytest.fixture
def film(programs: None) -> bytes:
    """An FLV file of ffmpeg's."""
    encoding = encode_h264()
    stream = encoding.extradata + b"".join(packet.data for packet in encoding.packets)
    return ffmpeg(stream, "-f", "h264", "-i", "-", "-c", "copy", "-f", "flv", "-")


def rewritten(film: bytes, start: int = 0) -> bytes:
    tags = ((kind, (time + start) % (1 << 32), body) for kind, time, body in flv_tags(film))
    return flv.HEADER + b"".join(flv.tag(*tag) for tag in tags)


def test_the_bytes_are_ffmpegs(film: bytes) -> None:
    with_sound = film[:4] + b"\5" + film[5:]  # its header knows that there is none
    assert rewritten(film) == with_sound


@pytest.mark.parametrize("start", [0, 0xFFFF00, 0x7FFFFF00, 0xFFFFFF00])
def test_ffmpeg_reads_on_where_time_stamps_begin_again(film: bytes, start: int) -> None:
    """At 24 bits, at 31 (which are signed in the document), and at 32."""
    show = ("-f", "flv", "-select_streams", "v", "-show_entries", "packet=dts")
    packets = ffprobe(rewritten(film, start), *show)["packets"]
    times = [packet["dts"] for packet in packets]
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert len(times) == 12
    assert times[0] % (1 << 32) == start
    assert steps == {40}


@given(st.lists(TAGS))
def test_tags_come_back(tags: list[tuple[int, int, bytes]]) -> None:
    assert list(flv_tags(flv.HEADER + b"".join(flv.tag(*tag) for tag in tags))) == tags


def test_a_tag_has_24_bits_for_its_size() -> None:
    assert len(flv.tag(9, 0, bytes(flv.MAX_TAG_BYTES))) == flv.MAX_TAG_BYTES + 15
    with pytest.raises(LocalError, match="at most 16777215"):
        flv.tag(9, 0, bytes(flv.MAX_TAG_BYTES + 1))
