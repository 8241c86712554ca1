"""Told: the packets and their numbers in the messages of ``televise.v1``."""

import json
from typing import Any

from televise.crowd.account import Unit
from televise.errors import FormatError


class Told:
    """Messages of ``televise.v1``: a text says what the binary after it is."""

    counts = True

    def __init__(self) -> None:
        self.offset = 0.0
        self._said: dict[str, Any] = {}

    def text(self, data: bytes) -> dict[str, Any]:
        """A text message. FormatError where it is none."""
        try:
            message = json.loads(data)
            kind = message["type"]
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError("not a message of televise.v1") from error
        if kind in ("init", "chunk"):
            self._said = message
        return dict(message)

    def binary(self) -> Unit | None:
        """A binary message: a packet, or None for an init segment."""
        said, self._said = self._said, {}
        if said.get("type") != "chunk":
            return None
        captured = said["captured"] / 1000 + self.offset
        return Unit(said["epoch"], said["sequence"], captured=captured)
