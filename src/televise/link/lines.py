"""The local carrier of JSON: one message per line, between this process and a child of it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from televise.errors import PeerError

MAX_LINE_BYTES = 16 << 20


class LinesLink(asyncio.Protocol):
    """Either end: calls ``received`` for every message and ``lost`` once, with the reason."""

    def __init__(
        self,
        received: Callable[[dict[str, Any]], None],
        lost: Callable[[Exception | None], None],
    ) -> None:
        self._received = received
        self._lost = lost
        self._rest = b""
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; silently nothing where the link is gone, as `lost` tells."""
        if self._transport is not None and not self._transport.is_closing():
            text = json.dumps(message, separators=(",", ":"))
            self._transport.write(text.encode() + b"\n")

    def close(self) -> None:
        """End the link at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            if len(self._rest) > MAX_LINE_BYTES:
                raise PeerError("a line that does not end")
            for line in lines:
                self._received(_parse(line))
        except PeerError as error:
            self._error = error
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost(self._error or exc)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PeerError(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise PeerError("not a message")
    return message
