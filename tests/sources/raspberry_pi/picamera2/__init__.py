"""As the real picamera2, as far as its manual describes it: cameras that a test has connected."""

import threading
from typing import Any

import numpy as np

CONNECTED: list[dict[str, Any]] = []
BUSY: list[int] = []


class Picamera2:
    """Chapters 4 and 6: configured, started, stopped and closed in this order, else an error."""

    def __init__(self, camera_num: int = 0) -> None:
        if camera_num in BUSY:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.state = "open"
        self.configuration: dict[str, Any] = {}
        self.number = 0
        self.stopping = threading.Event()

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return CONNECTED

    def __enter__(self) -> "Picamera2":
        return self

    def __exit__(self, *exception: object) -> None:
        assert self.state == "configured", "stop before close"
        self.state = "closed"

    def create_video_configuration(
        self, main: dict[str, Any], controls: dict[str, Any]
    ) -> dict[str, Any]:
        return {"main": dict(main), "controls": dict(controls)}

    def align_configuration(self, config: dict[str, Any]) -> None:
        """Make the width a multiple of 64, as a row of the image processor is."""
        width, height = config["main"]["size"]
        config["main"]["size"] = (max(64, width // 64 * 64), height)

    def configure(self, config: dict[str, Any]) -> None:
        assert config["main"]["format"] == "YUV420"
        self.configuration, self.state = config, "configured"

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def start(self) -> None:
        assert self.state == "configured"
        self.state = "started"

    def stop(self) -> None:
        assert self.state == "started"
        self.state = "configured"

    def capture_array(self, name: str) -> Any:
        """YUV420: three planes below each other, with the rows of the first."""
        assert (name, self.state) == ("main", "started")
        assert not self.stopping.wait(1 / self.configuration["controls"]["FrameRate"])
        self.number += 1
        width, height = self.configuration["main"]["size"]
        array = np.full((height * 3 // 2, width), 128, np.uint8)
        array[:height] = 40 + self.number % 15 * 12
        return array

    def start_recording(self, encoder: Any, output: Any) -> None:
        encoder.output = output
        self.start()
        self.recorder = threading.Thread(target=encoder.encode, args=(self,))
        self.encoder = encoder
        self.recorder.start()

    def stop_recording(self) -> None:
        self.encoder.running = False
        self.recorder.join()
        self.stop()
