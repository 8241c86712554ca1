"""A Raspberry Pi's camera: its H.264 as it is, raw pictures where it has no encoder."""

import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from televise.errors import SourceError
from televise.model.options import CameraOptions
from televise.sources.picamera import PicameraSource
from tests.conftest import Needs
from tests.media.films import COUNT, numbers
from tests.media.rig import H264, running, steps
from tests.sources.viewer import Viewer

OPTIONS = CameraOptions(width=330, height=240, fps=30, bitrate=1_000_000)


@pytest.fixture
def raspberry_pi(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A machine with picamera2 and one camera."""
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("raspberry_pi")))
    for name in ("picamera2", "picamera2.encoders", "picamera2.outputs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setenv("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    module = import_module("picamera2")
    monkeypatch.setattr(module, "CONNECTED", [{"Model": "imx708", "Num": 0}])
    return module


@pytest.mark.parametrize("model", [4, 5])
def test_plays(
    model: int, raspberry_pi: ModuleType, monkeypatch: pytest.MonkeyPatch, needs: Needs
) -> None:
    needs("ffmpeg")
    encoders = import_module("picamera2.encoders")
    if model == 5:
        monkeypatch.setattr(encoders, "H264Encoder", encoders.LibavH264Encoder)
    viewer = Viewer(H264, 20)
    PicameraSource(OPTIONS).run(viewer.intake)
    run = viewer.run
    assert run.tracks[0].delivery == ("passthrough" if model == 4 else "transcode")
    assert (run.tracks[0].width, run.tracks[0].height) == (320, 240)
    shown = numbers(run.mp4(), (320, 240))
    assert len(shown) >= 19
    if model == 4:
        assert all((after - before) % COUNT == 1 for before, after in pairwise(shown))
        assert steps(run, "video") == pytest.approx([1 / 30] * 19, abs=0.001)


def test_a_camera_that_is_not_there(raspberry_pi: ModuleType) -> None:
    with pytest.raises(SourceError) as caught:
        PicameraSource(CameraOptions(camera=1)).run(Viewer(H264, 1).intake)
    assert str(caught.value) == "picamera: there is no camera 1; connected are 1"
    assert not caught.value.final


def test_a_camera_that_another_program_has(
    raspberry_pi: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raspberry_pi, "BUSY", [0])
    with pytest.raises(
        SourceError, match=r"^picamera: camera 0: Camera __init__ sequence"
    ) as caught:
        PicameraSource(OPTIONS).run(Viewer(H264, 1).intake)
    assert not caught.value.final


def test_on_other_machines() -> None:
    with running("picamera:") as worker:
        state = worker.wait_for_state("offline")
    assert state.final
    assert state.text == (
        "picamera: needs picamera2: apt install python3-picamera2, "
        "and run televise in a virtual environment made with --system-site-packages"
    )
