"""A supply from which nothing comes: what a channel gives, a test puts into its encodings."""

import asyncio
from typing import Any

from televise.hub.supply import Callbacks
from televise.link.messages import Message


class NoSupply:
    """Notes what it is told."""

    remote, running, worker = True, False, None

    def __init__(self, callbacks: Callbacks) -> None:
        self.sent: list[Message] = []

    def start(self) -> None:
        pass

    def stop(self) -> "asyncio.Future[Any]":
        return asyncio.gather()

    def send(self, message: Message) -> None:
        self.sent.append(message)
