"""What stands after the ``?``: understood, or refused in one line that names it."""

import pytest

from televise.errors import InputError
from televise.model.rendition import Rendition
from televise.web.query import MAX_FIELDS, parse_query

GOOD = [
    ("", Rendition("h264", "aac"), None),
    ("w=640", Rendition("h264", "aac", w=640), None),
    ("w=640&h=360", Rendition("h264", "aac", w=640, h=360), None),
    ("fps=12.5", Rendition("h264", "aac", fps=12.5), None),
    ("bitrate=800k", Rendition("h264", "aac", bitrate=800_000), None),
    ("bitrate=2M", Rendition("h264", "aac", bitrate=2_000_000), None),
    ("bitrate=0.5M", Rendition("h264", "aac", bitrate=500_000), None),
    ("bitrate=64000", Rendition("h264", "aac", bitrate=64_000), None),
    ("max_latency=300ms", Rendition("h264", "aac"), 0.3),
    ("max_latency=2s", Rendition("h264", "aac"), 2.0),
    ("max_latency=0s", Rendition("h264", "aac"), 0.0),
    ("q=70", Rendition("h264", "aac"), None),
    ("token=x&_=123&w", Rendition("h264", "aac"), None),
    ("fps=5&fps=10", Rendition("h264", "aac", fps=10), None),
]

BAD = [
    ("w=0", "w=0: even from 16 to 4096 (width in pixels)"),
    ("w=-2", "w=-2:"),
    ("w=641", "w=641: even from 16 to 4096"),
    ("h=7e1", "h=7e1:"),
    ("w=wide", "w=wide: even from 16 to 4096 (width in pixels)"),
    ("w=", "w=:"),
    ("w=99999999", "w=99999999:"),
    ("w=5000", "w=5000: even from 16 to 4096"),
    ("h=2", "h=2: even from 16 to 2304 (height in pixels)"),
    ("w=%C2%B2", "w=²:"),
    ("w=1%0A2", r"w='1\n2':"),
    ("w=" + "9" * 5000, "w='999"),
    ("fps=0", "fps=0: from 0.1 to 120 (pictures per second)"),
    ("fps=nan", "fps=nan:"),
    ("fps=inf", "fps=inf:"),
    ("fps=-1", "fps=-1:"),
    ("fps=fast", "fps=fast:"),
    ("fps=1000", "fps=1000.0: from 0.1 to 120"),
    ("q=0", "q=0: from 1 to 100"),
    ("q=101", "q=101: from 1 to 100 (JPEG quality)"),
    ("colors=0", "colors=0: from 2 to 256 (colours of a GIF)"),
    ("colors=257", "colors=257: from 2 to 256"),
    ("bitrate=k", "bitrate=k: from 50000 to 50000000 (bits per second), as in bitrate=800k"),
    ("bitrate=1", "bitrate=1: from 50000"),
    ("bitrate=1G", "bitrate=1G:"),
    ("bitrate=nanM", "bitrate=nanM:"),
    ("bitrate=900M", "bitrate=900000000:"),
    ("max_latency=300", "max_latency=300: give a unit, as in max_latency=300ms"),
    ("max_latency=-1s", "max_latency=-1s:"),
    ("max_latency=nans", "max_latency=nans: from 0s to 4s"),
    ("max_latency=1h", "max_latency=1h:"),
    ("max_latency=5s", "max_latency=5s: from 0s to 4s"),
    ("&".join(f"x{number}=1" for number in range(MAX_FIELDS + 1)), "more than 100"),
]


@pytest.mark.parametrize(("text", "rendition", "latency"), GOOD, ids=[case[0] for case in GOOD])
def test_good_values(text: str, rendition: Rendition, latency: float | None) -> None:
    if text.endswith("&w"):
        with pytest.raises(InputError, match="w="):
            parse_query(text)
        text = text.removesuffix("&w")
    query = parse_query(text)
    assert query.rendition("h264", "aac") == rendition
    assert query.max_latency == latency


@pytest.mark.parametrize(("text", "expected"), BAD, ids=[case[0][:30] for case in BAD])
def test_bad_values_are_named_in_one_line(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_query(text).rendition("mjpeg")
    message = str(caught.value)
    assert expected in message
    assert message.isprintable()
    assert len(message) < 200


def test_mpeg1_has_pictures_of_up_to_4094_pixels() -> None:
    for w in (4094, 4096):
        assert parse_query(f"w={w}").rendition("h264").w == w
    assert parse_query("w=4094").rendition("mpeg1video").w == 4094
    with pytest.raises(InputError, match=r"w=4096: even from 16 to 4094 \(width .* in MPEG-1"):
        parse_query("w=4096").rendition("mpeg1video", "mp2")


def test_what_means_nothing_to_a_codec_makes_no_other_rendition() -> None:
    assert parse_query("bitrate=1M").rendition("mjpeg") == Rendition("mjpeg")
    assert parse_query("q=50").rendition("h264") == Rendition("h264")


def test_what_means_nothing_is_checked_nevertheless() -> None:
    with pytest.raises(InputError, match="q=500"):
        parse_query("q=500").rendition("h264")
