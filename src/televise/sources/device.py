"""A camera of this machine: USB and other cameras that Linux shows as /dev/video0 and so on."""

import errno
import sys
from collections.abc import Sequence
from typing import Protocol

import av.error
from av.container import InputContainer

from televise.errors import SourceError
from televise.media import v4l2
from televise.media.container import LIVE, open_container
from televise.media.demuxer import Demuxer
from televise.media.source import Feed
from televise.media.v4l2 import Mode
from televise.model.options import DeviceOptions

# Pictures that are pictures each cost least; what a camera compresses need not be compressed here.
_PREFERRED = ("mjpeg", "h264", "raw")
_USUAL_SIZE = (1280, 720)
_USUAL_RATE = 30.0
_MOST_LISTED = 12


class Cameras(Protocol):
    """How cameras are opened."""

    def modes(self, path: str) -> Sequence[Mode]:
        """What the camera at ``path`` offers. OSError."""

    def open(self, path: str, mode: Mode) -> InputContainer:
        """Its pictures in ``mode``. OSError, SourceError."""


class LinuxCameras:
    """Video4Linux2, read by FFmpeg."""

    def modes(self, path: str) -> Sequence[Mode]:
        if sys.platform != "linux":
            raise SourceError("device: works on Linux only; pipe a camera in with ffmpeg and -")
        return v4l2.list_modes(path)

    def open(self, path: str, mode: Mode) -> InputContainer:
        options = {
            "input_format": mode.encoding,
            "video_size": f"{mode.width}x{mode.height}",
            "framerate": f"{mode.fps:g}",
        }
        return open_container(path, "", format="v4l2", options={**LIVE, **options}, shown=path)


class DeviceSource:
    """Passes on what the camera makes: JPEG pictures if it can, else H.264, else raw pictures.

    No error is final: a camera may be plugged in later, and again.
    """

    watched = True

    def __init__(self, options: DeviceOptions, cameras: Cameras | None = None) -> None:
        self._options = options
        self._cameras = cameras or LinuxCameras()

    def run(self, feed: Feed) -> None:
        """Feed until stopped. SourceError, also where the camera is unplugged."""
        path = self._options.path
        try:
            mode = choose(self._cameras.modes(path), self._options)
            with self._cameras.open(path, mode) as container:
                Demuxer(container).run(feed)
        except (av.error.FFmpegError, OSError) as error:
            raise _explained(error, path) from error
        except SourceError as error:
            if isinstance(error.__cause__, av.error.FFmpegError):
                raise _explained(error.__cause__, path) from error
            raise
        if not feed.stopping:
            raise SourceError(f"{path}: {_UNPLUGGED}")


def choose(modes: Sequence[Mode], options: DeviceOptions) -> Mode:
    """The offered mode that is nearest to what was asked for.

    SourceError names what is offered, where the format that was asked for is not.
    """
    formats = [options.format] if options.format else _PREFERRED
    for format in formats:
        fitting = [mode for mode in modes if mode.format == format]
        if fitting:
            return min(fitting, key=lambda mode: _distance(mode, options))
    offered = ", ".join(str(mode) for mode in modes[:_MOST_LISTED])
    wanted = f"format={options.format}: " if options.format else ""
    raise SourceError(f"{options.path}: {wanted}the camera offers {offered or 'no pictures'}")


def _distance(mode: Mode, options: DeviceOptions) -> tuple[float, float]:
    """How far a mode is from what was asked for: first by its size, then by its rate."""
    width, height = (options.width, options.height) if options.width else _USUAL_SIZE
    size = abs(mode.width - width) + abs(mode.height - height)
    return size, abs(mode.fps - (options.fps or _USUAL_RATE))


_UNPLUGGED = "the camera has been unplugged"
_CAUSES = {
    errno.ENOENT: "there is no such camera; `ls /dev/video*` shows which there are",
    errno.EACCES: "no permission: add yourself to the group video (usermod -aG video NAME)",
    errno.EPERM: "no permission: add yourself to the group video (usermod -aG video NAME)",
    errno.EBUSY: "another program uses the camera: end that one",
    errno.ENOTTY: "is not a camera",
    errno.EISDIR: "is not a camera",
    errno.ENXIO: _UNPLUGGED,
    errno.ENODEV: _UNPLUGGED,
    errno.EIO: _UNPLUGGED,
    errno.EINVAL: "the camera does not take this size, rate or format",
}


def _explained(error: av.error.FFmpegError | OSError, path: str) -> SourceError:
    text = error.strerror or type(error).__name__
    text = f"{text[:1].lower()}{text[1:]}"
    return SourceError(f"{path}: {_CAUSES.get(error.errno or 0, text)}")
