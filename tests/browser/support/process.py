"""Process: a browser that runs until all tests are over; each test has pages of its own in it."""

import atexit
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.leaks import shared

_START_SECONDS = 60.0


class Process:
    """A browser with a fresh profile; ``address`` is where it takes commands (WebSocket).

    ``says`` finds the address in what it writes when it starts.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        says: str,
        profile: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._profile = profile
        self._log = profile / "log"
        with self._log.open("wb") as log, shared():
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | dict(environment or {}),
            )
        try:
            self.address = self._find(says)
        except BaseException:
            self.stop()
            raise

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, and forget its profile."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _find(self, says: str) -> str:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self.running:
            if match := re.search(says, self._log.read_text(errors="replace")):
                return match[1]
            time.sleep(0.02)
        raise RuntimeError(f"the browser did not start: {self._log.read_text(errors='replace')}")


class Processes:
    """One process for each way of starting a browser, started when it is first needed."""

    def __init__(self) -> None:
        self._all: dict[object, Process] = {}
        atexit.register(self.stop)

    def get(self, key: object) -> Process | None:
        """The one that was started this way, if it still runs."""
        found = self._all.get(key)
        return found if found and found.running else None

    def keep(self, key: object, process: Process) -> Process:
        """Keep it for the next who needs it."""
        self.drop(key)
        self._all[key] = process
        return process

    def drop(self, key: object) -> None:
        """End it: the next one is to begin anew."""
        if process := self._all.pop(key, None):
            process.stop()

    def stop(self) -> None:
        """End all."""
        for key in list(self._all):
            self.drop(key)


def make_profile() -> Path:
    """A folder for a browser's profile."""
    return Path(tempfile.mkdtemp(prefix="browser-"))


PROCESSES = Processes()
