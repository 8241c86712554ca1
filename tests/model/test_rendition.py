"""What may be asked of an encoder, and the size of its pictures."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, InputError
from televise.model.rendition import AUDIO_CODECS, LIMITS, VIDEO_CODECS, Rendition
from tests.link.strategies import RENDITIONS

WHOLE = ("w", "h", "q", "bitrate")
SIDES = st.integers(1, 5000)
EVEN_WIDTHS = st.integers(8, 2048).map(lambda half: half * 2)
EVEN_HEIGHTS = st.integers(8, 1152).map(lambda half: half * 2)


def with_wish(name: str, value: Any) -> Rendition:
    wish: dict[str, Any] = {name: value}
    return Rendition("h264", **wish)


def below(name: str) -> float:
    return LIMITS[name][0] - (2 if name in WHOLE else 0.01)


def above(name: str) -> float:
    return LIMITS[name][1] + (2 if name in WHOLE else 0.01)


# q has no whole number between 0, which means unset, and its least.
BAD = [(name, bad) for name in LIMITS for bad in (below(name), above(name), -LIMITS[name][1])]


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("end", [0, 1])
def test_the_limits_themselves_are_allowed(name: str, end: int) -> None:
    value = LIMITS[name][end]
    assert getattr(with_wish(name, value), name) == value


@pytest.mark.parametrize(("name", "value"), BAD)
def test_beyond_the_limits_is_an_error_that_names_them(name: str, value: float) -> None:
    least, most, what = LIMITS[name]
    with pytest.raises(InputError) as caught:
        with_wish(name, value)
    even = "even " if name in ("w", "h") else ""
    assert str(caught.value) == f"{name}={value}: {even}from {least} to {most} ({what})"


@pytest.mark.parametrize("fps", [float("nan"), float("inf"), float("-inf")])
def test_fps_is_a_number(fps: float) -> None:
    with pytest.raises(InputError, match="fps="):
        Rendition("h264", fps=fps)


@pytest.mark.parametrize(("w", "h"), [(17, 0), (0, 17), (640, 361)])
def test_sides_are_even(w: int, h: int) -> None:
    with pytest.raises(InputError, match="even"):
        Rendition("mjpeg", w=w, h=h)


@pytest.mark.parametrize(
    ("video", "audio"), [("", ""), ("", "aac"), ("vp9", ""), ("H264", ""), ("h264", "opus")]
)
def test_unknown_encodings(video: str, audio: str) -> None:
    with pytest.raises(InputError) as caught:
        Rendition(video, audio)
    assert str(caught.value) == f"no such encoding: {video}+{audio}"


@pytest.mark.parametrize("video", VIDEO_CODECS)
@pytest.mark.parametrize("audio", ["", *AUDIO_CODECS])
def test_untouched_where_nothing_but_codecs_is_asked(video: str, audio: str) -> None:
    assert Rendition(video, audio).untouched


@pytest.mark.parametrize("name", LIMITS)
def test_any_wish_is_a_touch(name: str) -> None:
    assert not with_wish(name, LIMITS[name][1]).untouched


@given(RENDITIONS)
def test_equal_renditions_share_an_encoder(rendition: Rendition) -> None:
    copy = Rendition.from_json(rendition.to_json())
    assert {rendition: "encoder"}[copy] == "encoder"


@given(EVEN_WIDTHS, EVEN_HEIGHTS, SIDES, SIDES)
def test_both_sides_are_taken_as_they_are(w: int, h: int, width: int, height: int) -> None:
    assert Rendition("mjpeg", w=w, h=h).fit(width, height) == (w, h)


@given(EVEN_WIDTHS, SIDES, SIDES)
def test_a_width_alone_keeps_the_shape(w: int, width: int, height: int) -> None:
    fitted, h = Rendition("mjpeg", w=w).fit(width, height)
    assert fitted == w
    assert h % 2 == 0
    assert h == 2 or 0 <= min(w * height / width, 2304) - h < 2


@given(EVEN_HEIGHTS, SIDES, SIDES)
def test_a_height_alone_keeps_the_shape(h: int, width: int, height: int) -> None:
    w, fitted = Rendition("mjpeg", h=h).fit(width, height)
    assert fitted == h
    assert w % 2 == 0
    assert w == 2 or 0 <= min(h * width / height, 4096) - w < 2


@given(SIDES, SIDES)
def test_without_a_wish_only_odd_sides_change(width: int, height: int) -> None:
    expected = (max(2, width - width % 2), max(2, height - height % 2))
    assert Rendition("h264").fit(width, height) == expected


@pytest.mark.parametrize(
    ("w", "h", "size"),
    [
        (640, 0, (640, 360)),
        (0, 360, (640, 360)),
        (4096, 0, (4096, 2304)),
        (100, 0, (100, 56)),
        (0, 0, (1280, 720)),
        (320, 240, (320, 240)),
    ],
)
def test_sizes_of_a_720p_picture(w: int, h: int, size: tuple[int, int]) -> None:
    assert Rendition("h264", w=w, h=h).fit(1280, 720) == size


@given(RENDITIONS)
def test_survives_json(rendition: Rendition) -> None:
    assert Rendition.from_json(json.loads(json.dumps(rendition.to_json()))) == rendition


@pytest.mark.parametrize(
    "values",
    [
        None,
        5,
        "h264",
        [],
        {},
        {"audio": "aac"},
        {"video": "vp9"},
        {"video": None},
        {"video": ["h264"]},
        {"video": "h264", "colour": "red"},
        {"video": "h264", "w": 15},
        {"video": "h264", "w": "640"},
        {"video": "h264", "w": [640]},
        {"video": "h264", "h": None},
        {"video": "h264", "w": True},
        {"video": "h264", "fps": float("nan")},
        {"video": "h264", "fps": ""},
        {"video": "h264", "fps": True},
        {"video": "h264", "w": 640.0},
        {"video": "h264", "q": []},
        {"video": "h264", "q": 50.5},
        {"video": "h264", "bitrate": {}},
        {"video": "h264", "bitrate": 10**400},
    ],
)
def test_refuses_what_is_no_rendition(values: Any) -> None:
    with pytest.raises(FormatError, match=r"^not a rendition: "):
        Rendition.from_json(values)
