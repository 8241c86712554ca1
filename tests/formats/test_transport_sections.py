"""Transport streams of ffmpeg, cut exactly where what is in them becomes another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.formats.mpegts import PACKET_BYTES, SYNC
from televise.formats.transport_sections import TransportSections
from tests.conftest import Needs
from tests.media.films import make, ramp, tone

H264 = ("-c:v", "libx264", "-g", "5")
MPEG2 = ("-c:v", "mpeg2video")


@pytest.fixture(scope="module")
def streams(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Silent, then with sound, then with another codec."""
    needs("ffmpeg")
    folder = tmp_path_factory.mktemp("streams")
    cases = [(*ramp(), *H264), (*ramp(), *tone(), *H264), (*ramp(), *tone(), *MPEG2)]
    return [
        make(folder / f"{number}.ts", *arguments).read_bytes()
        for number, arguments in enumerate(cases)
    ]


def cut(data: bytes, size: int) -> list[bytes]:
    """The sections, read ``size`` bytes at a time."""
    sections, found = TransportSections(), [b""]
    for start in range(0, len(data), size):
        found[-1] += sections.feed(data[start : start + size])
        while sections.cut:
            found.append(sections.resume())
    return found


@pytest.mark.parametrize("size", [1, 187, 188, 5000, 1 << 20])
def test_each_section_has_its_tables_and_all_its_packets(size: int, streams: list[bytes]) -> None:
    found = cut(b"".join(streams), size)
    assert len(found) == 3
    assert found[0][: len(streams[0])] == streams[0]
    for section, stream in zip(found[1:], streams[1:], strict=True):
        assert section[0] == SYNC
        assert section[:3] == b"\x47\x40\0", "the PAT"
        # What stands before the PMT goes with the section before: SDT and PAT.
        body = stream[2 * PACKET_BYTES :]
        assert section[PACKET_BYTES:][: len(body)] == body


def test_a_stream_that_stays_the_same_is_one_section(streams: list[bytes]) -> None:
    assert cut(streams[1] * 3, 4096) == [streams[1] * 3]


def test_goes_on_where_bytes_are_missing(streams: list[bytes]) -> None:
    broken = streams[0][:1000] + streams[0][1100:]
    found = cut(broken + streams[1], 4096)
    assert len(found) == 2
    assert streams[1][2 * PACKET_BYTES :] in found[1]


@given(st.integers(0), st.binary(max_size=400), st.integers(1, 5000))
def test_how_it_is_read_makes_no_difference(
    streams: list[bytes], place: int, noise: bytes, size: int
) -> None:
    data = b"".join(streams)
    place %= len(data)
    broken = data[:place] + noise + data[place + 2 * len(noise) :]
    assert cut(broken, size) == cut(broken, len(broken))
