"""A viewer of a source that runs in this very process."""

import time
from collections.abc import Callable

from televise.link.messages import Epoch, Media, Message, Subscribe
from televise.media.intake import Intake
from televise.model.rendition import Rendition
from tests.media.rig import Run


class Viewer:
    """Subscribes to a source in this process, and stops it after so many pictures."""

    def __init__(
        self, rendition: Rendition, enough: int, then: Callable[[], None] | None = None
    ) -> None:
        self.messages: list[Message] = []
        self._enough = enough
        self._then = then or self.stop
        self.intake = Intake(self._hear, time.monotonic(), 0.0)
        self.intake.subscribe(Subscribe(1, rendition, 1))

    def stop(self) -> None:
        self.intake.stop()

    def _hear(self, message: Message) -> None:
        self.messages.append(message)
        if sum(isinstance(each, Media) for each in self.messages) == self._enough:
            self._then()

    @property
    def run(self) -> Run:
        """The first epoch."""
        first = next(each for each in self.messages if isinstance(each, Epoch))
        media = [each.packet for each in self.messages if isinstance(each, Media)]
        return Run(first.epoch, first.tracks, [p for p in media if p.epoch == first.epoch])

    @property
    def delivery(self) -> str:
        return self.run.tracks[0].delivery
