"""Revoked: keys that are worth nothing any more, in a file beside the secret.

One line each: the identifier of the key, and when it would have ended anyway (Unix seconds).
"""

import os
import re
import time
from pathlib import Path

from televise import events
from televise.errors import InputError, Unavailable

_IDENTIFIER = re.compile(r"[A-Za-z0-9]{1,64}")
_LINE = re.compile(r"([A-Za-z0-9]{1,64}) ([0-9]{1,12})")
# Of a key of which nothing is known but its identifier.
FOR_EVER = 999_999_999_999


class Revoked:
    """The file at ``path``, which may change while we run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._until: dict[str, int] = {}

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._until

    def use(self, path: Path) -> None:
        """Another file, from now on."""
        self._path, self._seen, self._until = path, None, {}
        self.refresh()

    def refresh(self) -> None:
        """Look whether the file is another. What cannot be read stays as it was known."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._until, self._seen = _parse(self._path.read_text()), seen
        except (FileNotFoundError, NotADirectoryError):
            self._until, self._seen = {}, None
        except (OSError, UnicodeError) as error:
            events.warning("the file of revoked keys cannot be read", reason=str(error))

    def add(self, identifier: str, until: int) -> None:
        """Revoke one more key; others may do the same at this moment. InputError, Unavailable."""
        if not _IDENTIFIER.fullmatch(identifier):
            raise InputError(f"{identifier!r}: neither a key nor the identifier of one")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                # In one write. The line before may have been left without an end.
                file.write(f"\n{identifier} {until}\n".encode())
        except OSError as error:
            raise Unavailable(f"{self._path}: cannot be written: {error.strerror}") from None
        self.refresh()


def _parse(text: str) -> dict[str, int]:
    """Those that have not ended."""
    found = (_LINE.fullmatch(line.strip()) for line in text.splitlines())
    now = time.time()
    return {match[1]: int(match[2]) for match in found if match and int(match[2]) > now}
