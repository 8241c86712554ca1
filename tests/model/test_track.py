"""A track survives the way through JSON, and only a track does."""

import json
from typing import Any

import pytest
from hypothesis import given

from televise.errors import FormatError
from televise.model.track import MAX_CODEC, MAX_CONFIG_BYTES, MAX_REASON, Track
from tests.link.strategies import TRACKS

H264 = Track("video", "h264", 90_000, b"\x01\x64", 1280, 720)


@given(TRACKS)
def test_survives_json(track: Track) -> None:
    assert Track.from_json(json.loads(json.dumps(track.to_json()))) == track


def test_a_long_reason_is_cut() -> None:
    assert Track.from_json(H264.to_json() | {"reason": "é" * 500_000}).reason == "é" * MAX_REASON


def test_configuration_is_hexadecimal() -> None:
    assert H264.to_json()["config"] == "0164"


@pytest.mark.parametrize(
    "values",
    [
        None,
        5,
        "track",
        [],
        {},
        {"config": ""},
        H264.to_json() | {"config": "0g"},
        H264.to_json() | {"config": "012"},
        H264.to_json() | {"config": 12},
        H264.to_json() | {"config": None},
        H264.to_json() | {"colour": "red"},
        H264.to_json() | {"kind": "subtitle"},
        H264.to_json() | {"kind": []},
        H264.to_json() | {"codec": 5},
        H264.to_json() | {"timescale": "90000"},
        H264.to_json() | {"timescale": -1},
        H264.to_json() | {"width": 2**32},
        H264.to_json() | {"channels": True},
        H264.to_json() | {"delivery": "pigeon"},
        H264.to_json() | {"reason": None},
        H264.to_json() | {"codec": "x" * (MAX_CODEC + 1)},
        H264.to_json() | {"config": "00" * (MAX_CONFIG_BYTES + 1)},
        {key: value for key, value in H264.to_json().items() if key != "config"},
        {key: value for key, value in H264.to_json().items() if key != "codec"},
    ],
)
def test_refuses_what_is_no_track(values: Any) -> None:
    with pytest.raises(FormatError, match=r"^not a track: "):
        Track.from_json(values)
