"""A Raspberry Pi's camera, by picamera2: H.264 of its encoder, or raw pictures where it has none.

What is used of picamera2 is in its manual, chapters 4 (configuration), 6 (capture) and 7 (encoders
and outputs).
"""

import os
import queue
import time
from fractions import Fraction
from importlib import import_module
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext

from televise.errors import SourceError
from televise.media.source import Feed, Input
from televise.model.options import CameraOptions

_TIME_BASE = Fraction(1, 1_000_000)
_SILENCE_SECONDS = 10.0
_MISSING = (
    "picamera: needs picamera2: apt install python3-picamera2, "
    "and run televise in a virtual environment made with --system-site-packages"
)

Encoded = tuple[bytes, bool, int]


class PicameraSource:
    """Feeds one camera, in the size and rate of ``options``, or the nearest that suit it."""

    watched = True

    def __init__(self, options: CameraOptions) -> None:
        self._options = options

    def run(self, feed: Feed) -> None:
        """Feed until stopped. SourceError, final where picamera2 is not installed."""
        # libcamera tells of all that it does, on standard error.
        os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
        try:
            picamera2 = import_module("picamera2").Picamera2
            encoders = import_module("picamera2.encoders")
        except ImportError as error:
            raise SourceError(_MISSING, final=True) from error
        number, count = self._options.camera, len(picamera2.global_camera_info())
        if number >= count:
            raise SourceError(f"picamera: there is no camera {number}; connected are {count}")
        try:
            with picamera2(number) as camera:
                self._run(camera, encoders, feed)
        except RuntimeError as error:  # of libcamera, such as where another program has it
            raise SourceError(f"picamera: camera {number}: {error}") from error

    def _run(self, camera: Any, encoders: Any, feed: Feed) -> None:
        options = self._options
        main = {"size": (options.width, options.height), "format": "YUV420"}
        controls = {"FrameRate": options.fps}
        configuration = camera.create_video_configuration(main=main, controls=controls)
        # Rows then follow each other without a gap.
        camera.align_configuration(configuration)
        camera.configure(configuration)
        size = camera.camera_configuration()["main"]["size"]
        # A Pi 5 has no encoder: picamera2's H.264 is then software, which encodes unwatched too.
        if encoders.H264Encoder is getattr(encoders, "LibavH264Encoder", None):
            self._feed_raw(camera, size, feed)
        else:
            self._feed_h264(camera, encoders, size, feed)

    def _feed_h264(self, camera: Any, encoders: Any, size: tuple[int, int], feed: Feed) -> None:
        options = self._options
        encoder = encoders.H264Encoder(
            bitrate=options.bitrate, repeat=True, iperiod=max(1, round(options.fps))
        )
        arrived: queue.SimpleQueue[Encoded] = queue.SimpleQueue()
        decoder = VideoCodecContext.create("h264", "r")
        decoder.copy_opaque = True
        width, height = size
        source = Input("video", "h264", decoder, width=width, height=height, rate=options.fps)
        feed.opened([source])
        camera.start_recording(encoder, _output(arrived))
        try:
            while not feed.stopping:
                feed.packet(0, _packet(*_next(arrived)))
        finally:
            camera.stop_recording()

    def _feed_raw(self, camera: Any, size: tuple[int, int], feed: Feed) -> None:
        width, height = size
        feed.opened(
            [Input("video", "rawvideo", width=width, height=height, rate=self._options.fps)]
        )
        camera.start()
        try:
            while not feed.stopping:
                frame = av.VideoFrame.from_ndarray(camera.capture_array("main"), "yuv420p")
                frame.pts, frame.time_base = time.monotonic_ns() // 1000, _TIME_BASE
                feed.frame(0, frame)
        finally:
            camera.stop()


def _output(arrived: "queue.SimpleQueue[Encoded]") -> Any:
    """An Output of picamera2, which its thread calls with every picture."""

    class Queue(import_module("picamera2.outputs").Output):  # type: ignore[misc]
        def outputframe(
            self, frame: Any, keyframe: bool = True, timestamp: int | None = None, *more: Any,
            **others: Any,
        ) -> None:  # fmt: skip
            """``timestamp`` is microseconds."""
            time_ = time.monotonic_ns() // 1000 if timestamp is None else timestamp
            arrived.put((bytes(frame), keyframe, time_))

    return Queue()


def _next(arrived: "queue.SimpleQueue[Encoded]") -> Encoded:
    try:
        return arrived.get(timeout=_SILENCE_SECONDS)
    except queue.Empty:
        raise SourceError("picamera: the camera sends nothing: is its cable in place?") from None


def _packet(data: bytes, keyframe: bool, microseconds: int) -> Any:
    packet: Any = av.Packet(data)
    packet.time_base = _TIME_BASE
    packet.pts = packet.dts = microseconds
    packet.is_keyframe = keyframe
    return packet
