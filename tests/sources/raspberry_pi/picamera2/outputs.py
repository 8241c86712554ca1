"""Chapter 7.2: an application's own output is a subclass of Output."""

from typing import Any


class Output:
    def __init__(self, pts: Any = None) -> None:
        self.ptsoutput = pts

    def outputframe(
        self,
        frame: bytes,
        keyframe: bool = True,
        timestamp: int | None = None,
        packet: Any = None,
        audio: bool = False,
    ) -> None:
        raise NotImplementedError
