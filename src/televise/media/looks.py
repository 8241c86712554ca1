"""Looks: those who look back at the source of this process now."""

import threading
import time
from collections.abc import Callable
from functools import partial

from televise.link.messages import Ended, Look, Message
from televise.media.intake import Intake

# The hub waits no longer for one, from its asking on.
LOOK_SECONDS = 30.0


class Looks:
    """Makes one at a time, each in a thread of its own, as long as somebody waits for it: what is
    live goes first. What goes wrong is told to who looks."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._turn = threading.Lock()
        # By their numbers: until when, in monotonic seconds.
        self._wanted: dict[int, float] = {}

    def begin(self, look: Look, intake: Intake) -> None:
        """Somebody looks back."""
        asked = time.monotonic()
        self._wanted[look.id] = asked + LOOK_SECONDS
        threading.Thread(target=self._look, args=(look, asked, intake), daemon=True).start()

    def end(self, identifier: int) -> None:
        """Nobody waits for it any more, if it was one of these."""
        self._wanted.pop(identifier, None)

    def _look(self, look: Look, asked: float, intake: Intake) -> None:
        try:
            with self._turn:
                intake.look(look, asked, partial(self._is_wanted, look.id))
        except Exception as error:
            self._send(Ended(look.id, f"it cannot be shown: {error}"))
        finally:
            self.end(look.id)

    def _is_wanted(self, identifier: int) -> bool:
        return time.monotonic() < self._wanted.get(identifier, float("-inf"))
