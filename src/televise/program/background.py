"""Background: the one thread in which a Server talks to its hub and its workers."""

import asyncio
import threading
from collections.abc import Callable


class Background:
    """An event loop in a daemon thread; it is never waited for by who shows pictures."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="televise", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def soon(self, call: Callable[..., object], *arguments: object) -> None:
        """Call it in the thread, soon; not at all where that has stopped."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(call, *arguments)

    def stop(self) -> None:
        """End the thread. It may be called in it, and more than once."""
        if self.loop.is_closed():
            return
        self.soon(self.loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join()
            self.loop.close()
