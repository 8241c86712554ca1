"""Publishable: a channel's usual supply. A worker reads its source, which may be what publishers
send; a publisher that comes by a link is itself what the worker would be."""

import asyncio
from typing import Any

from televise.hub.relays.uplink import Uplink
from televise.hub.supervisor import Supervisor
from televise.hub.supply import Callbacks
from televise.link.messages import Keyframe, Look, Message, State, Subscribe, Unsubscribe

# What is for a publisher's ears.
_SAID = (Subscribe, Unsubscribe, Keyframe, Look)


class Publishable:
    """A worker, and instead of it an uplink while there is one."""

    def __init__(self, name: str, callbacks: Callbacks, *, stdin: bool) -> None:
        self._callbacks = callbacks
        self._reader = Supervisor(name, callbacks, stdin=stdin)
        self._uplink: Uplink | None = None
        self._wanted = False
        self._state = State("connecting")

    @property
    def remote(self) -> bool:
        """Whether it comes by a link."""
        return self._uplink is not None

    @property
    def running(self) -> bool:
        """Whether it is wanted."""
        return self._wanted if self._uplink else self._reader.running

    @property
    def worker(self) -> int | None:
        """The process number of the worker, if there is one."""
        return self._reader.worker

    def start(self) -> None:
        """Want it."""
        if self._uplink is None:
            self._reader.start()
        elif not self._wanted:
            self._wanted = True
            asyncio.get_running_loop().call_soon(self._begin, self._uplink)

    def stop(self) -> "asyncio.Future[Any]":
        """Want nothing more; a publisher with a link stays, and has nothing to send."""
        self._wanted = False
        return self._reader.stop()

    def send(self, message: Message) -> None:
        """Tell whoever supplies it."""
        if self._uplink is None:
            self._reader.send(message)
        elif isinstance(message, _SAID) and (self._wanted or not isinstance(message, Subscribe)):
            self._uplink.say(message)

    def link(self, uplink: Uplink) -> None:
        """It comes by ``uplink`` from now on, once that is wanted."""
        self._reader.stop()
        self._uplink, self._wanted, self._state = uplink, False, State("connecting")
        uplink.received = self._received

    def unlink(self) -> None:
        """The publisher has gone."""
        if self._uplink is not None:
            self._uplink.received = _to_nobody
            self._uplink, self._wanted = None, False
            self._callbacks.down("its publisher has gone")

    def _begin(self, uplink: Uplink) -> None:
        if self._wanted and self._uplink is uplink:
            self._callbacks.up()
            self._tell(self._state)

    def _received(self, message: Message) -> None:
        if isinstance(message, State):
            self._state = message
            self._tell(message)
        else:
            self._callbacks.received(message)

    def _tell(self, said: State) -> None:
        """Where nobody watches, it is idle; where somebody does, it will not be for long."""
        if self._wanted and said.state == "idle":
            said = State("connecting")
        elif not self._wanted and said.state not in ("offline", "stalled"):
            said = State("idle")
        self._callbacks.received(said)


def _to_nobody(_: object) -> None:
    """Where goes what a publisher says that has gone."""
