"""Cameras of this machine: films of ffmpeg behind the interface that a real camera is opened by."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

import av
import pytest
from av.container import InputContainer

from televise.errors import SourceError
from televise.media.v4l2 import Mode
from televise.model.options import DeviceOptions, parse_device
from televise.sources.device import DeviceSource, LinuxCameras, choose
from tests.conftest import Needs
from tests.media.rig import H264, JPEG, running
from tests.sources.viewer import Viewer

MODES = [
    Mode("raw", "yuyv422", 640, 480, 30.0),
    Mode("mjpeg", "mjpeg", 320, 240, 30.0),
    Mode("mjpeg", "mjpeg", 1280, 720, 10.0),
    Mode("mjpeg", "mjpeg", 1280, 720, 30.0),
    Mode("mjpeg", "mjpeg", 1920, 1080, 30.0),
    Mode("h264", "h264", 640, 480, 30.0),
]
CODECS = {
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "3"),
    "h264": ("-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"),
    "raw": ("-c:v", "rawvideo", "-pix_fmt", "yuyv422"),
}


class FakeCameras:
    """One camera with some of `MODES`: refuses what it does not offer, and can be unplugged."""

    def __init__(self, modes: Sequence[Mode] = MODES) -> None:
        self._modes = modes
        self._processes: list[subprocess.Popen[bytes]] = []
        self.plugged = True
        self.opened: list[Mode] = []

    def modes(self, path: str) -> Sequence[Mode]:
        self._check(path)
        return self._modes

    def open(self, path: str, mode: Mode) -> InputContainer:
        self._check(path)
        if mode not in self._modes:
            raise OSError(errno.EINVAL, "Invalid argument")
        self.opened.append(mode)
        film = f"testsrc2=s={mode.width}x{mode.height}:r={mode.fps:g}"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", film]
        output = ["-f", "nut", "-flush_packets", "1", "-"]
        process = subprocess.Popen(
            [*command, *CODECS[mode.format], *output], stdout=subprocess.PIPE, bufsize=0
        )
        self._processes.append(process)
        return av.open(cast("BinaryIO", process.stdout), "r", format="nut")

    def unplug(self) -> None:
        self.plugged = False
        self._processes[-1].kill()

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            with process:
                pass  # closes its pipe, and waits for it

    def _check(self, path: str) -> None:
        if not self.plugged:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)


@pytest.fixture
def cameras(needs: Needs) -> Iterator[FakeCameras]:
    needs("ffmpeg")
    found = FakeCameras()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("text", "mode", "delivery"),
    [
        ("device:x", MODES[3], "passthrough"),
        ("device:x?size=320x240", MODES[1], "passthrough"),
        ("device:x?format=h264", MODES[5], "passthrough"),
        ("device:x?format=raw", MODES[0], "transcode"),
    ],
)
def test_passes_on_what_the_camera_makes(
    text: str, mode: Mode, delivery: str, cameras: FakeCameras
) -> None:
    viewer = Viewer(H264 if mode.format == "h264" else JPEG, 5)
    DeviceSource(parse_device(text), cameras).run(viewer.intake)
    assert cameras.opened == [mode]
    assert viewer.delivery == delivery


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        (DeviceOptions("x"), MODES[3]),
        (DeviceOptions("x", fps=9), MODES[2]),
        (DeviceOptions("x", 1800, 1000), MODES[4]),
        (DeviceOptions("x", 160, 120, fps=60), MODES[1]),
        (DeviceOptions("x", 4096, 2304, format="h264"), MODES[5]),
    ],
)
def test_chooses_the_nearest_that_is_offered(options: DeviceOptions, mode: Mode) -> None:
    assert choose(MODES, options) == mode


def test_without_jpeg_h264_and_without_that_raw() -> None:
    raw, h264 = MODES[0], MODES[5]
    assert choose([raw, h264], DeviceOptions("x")) == h264
    assert choose([raw], DeviceOptions("x")) == raw


@pytest.mark.parametrize(
    ("options", "modes", "text"),
    [
        (DeviceOptions("x", format="h264"), MODES[:2],
         "x: format=h264: the camera offers raw 640x480 at 30, mjpeg 320x240 at 30"),
        (DeviceOptions("x"), [], "x: the camera offers no pictures"),
    ],
)  # fmt: skip
def test_says_what_is_offered(options: DeviceOptions, modes: list[Mode], text: str) -> None:
    with pytest.raises(SourceError) as caught:
        choose(modes, options)
    assert str(caught.value) == text
    assert not caught.value.final


def test_unplugged_and_plugged_in_again(cameras: FakeCameras) -> None:
    source = DeviceSource(DeviceOptions("/dev/video7", 320, 240), cameras)
    viewer = Viewer(JPEG, 5, cameras.unplug)
    with pytest.raises(
        SourceError, match=r"^/dev/video7: the camera has been unplugged$"
    ) as caught:
        source.run(viewer.intake)
    assert not caught.value.final
    with pytest.raises(SourceError, match=r"^/dev/video7: there is no such camera;"):
        source.run(viewer.intake)
    cameras.plugged = True
    again = Viewer(JPEG, 5)
    source.run(again.intake)
    assert again.delivery == "passthrough"


class Failing(FakeCameras):
    """A camera that answers with an error, as the kernel would."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def open(self, path: str, mode: Mode) -> InputContainer:
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EBUSY, "another program uses the camera: end that one"),
        (errno.EACCES, "no permission: add yourself to the group video (usermod -aG video NAME)"),
        (errno.ENODEV, "the camera has been unplugged"),
        (errno.EINVAL, "the camera does not take this size, rate or format"),
        (errno.ENOMEM, "cannot allocate memory"),
    ],
)
def test_says_why_it_cannot_be_opened(number: int, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        DeviceSource(DeviceOptions("/dev/video0"), Failing(number)).run(Viewer(JPEG, 1).intake)
    assert str(caught.value) == f"/dev/video0: {text}"


@pytest.mark.skipif(sys.platform != "linux", reason="Video4Linux")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/dev/video99", "there is no such camera; `ls /dev/video*` shows which there are"),
        ("/dev/null", "is not a camera"),
        ("/dev", "is not a camera"),
    ],
)
def test_what_is_no_camera(path: str, text: str) -> None:
    with running(f"device:{path}") as worker:
        state = worker.wait_for_state("offline")
    assert state.text == f"{path}: {text}"
    assert not state.final


def test_other_systems_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SourceError, match="works on Linux only"):
        LinuxCameras().modes("/dev/video0")
