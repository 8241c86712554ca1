"""Supply: what a channel gets its packets from; a worker process, or another hub."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from televise.link.messages import Message


class Supply(Protocol):
    """The other end of a channel's link, started and stopped as the channel needs it."""

    @property
    def remote(self) -> bool:
        """Whether it is another hub, which can be asked for the past at any time."""

    @property
    def running(self) -> bool:
        """Whether it is wanted."""

    @property
    def worker(self) -> int | None:
        """The process number of its worker, if it has one."""

    def start(self) -> None:
        """Want it; nothing where it is wanted already."""

    def stop(self) -> "asyncio.Future[Any]":
        """No word of it is heard from now on. Await the end, also of what was stopped before."""

    def send(self, message: Message) -> None:
        """Tell it; nothing where nobody is there, as `Callbacks.up` tells when there is."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """``received`` hears the messages, ``up`` is called when there is somebody to talk to, ``down``
    with one line of text when nobody is there any more."""

    received: Callable[[Message], None]
    up: Callable[[], None]
    down: Callable[[str], None]


MakeSupply = Callable[[Callbacks], Supply]
