"""Status: how the source is, as the hub is told it."""

import threading
import time
from collections.abc import Callable

from televise.link.messages import State

# A source that is back so soon is not missed.
MISSED_SECONDS = 1.5


class Status:
    """The state of a source; for use by several threads. ``last_arrival`` is monotonic seconds."""

    def __init__(self, send: Callable[[State], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self.state = State("connecting")
        self.last_arrival = time.monotonic()

    @property
    def live(self) -> bool:
        """Whether pictures come."""
        return self.state.state == "live"

    @property
    def missed(self) -> bool:
        """Whether nothing has come for so long that it is shown as gone."""
        silence = time.monotonic() - self.last_arrival
        return not self.live and silence > MISSED_SECONDS

    def set(self, state: State) -> None:
        """Tell the hub how the source is."""
        with self._lock:
            self.state = state
            self._send(state)

    def arrived(self) -> None:
        """Something has come."""
        self.last_arrival = time.monotonic()
        if not self.live:
            self.set(State("live"))

    def repeat(self, stalled: str = "") -> State:
        """Say it again, as a sign of life; ``stalled`` is why a live source is no longer that."""
        with self._lock:
            if stalled and self.live:
                self.state = State("stalled", stalled)
            self._send(self.state)
            return self.state
