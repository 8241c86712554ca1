"""Viewers come, go, stall and die in any order, while packets, epochs and ends of the source come:
at every moment each chunk is delivered, waiting or skipped, and memory is bounded."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from televise.formats.websocket import text_frame
from televise.model.log import MAX_ITEMS
from televise.web.viewer import STALL_SECONDS
from tests.web.scene import PLENTY, Client, Scene

T = TypeVar("T")
# The largest chunk of a scene, with its init and what is told beside it.
MOST_WAITING = 1200


class Crowd(RuleBasedStateMachine):
    """One log, and those who watch it."""

    watching: Bundle[Client] = Bundle("watching")

    @initialize()
    def open(self) -> None:
        self._loop = asyncio.Runner()
        self.scene = self.run(Scene)
        self.clock = 0.0

    def run(self, do: Callable[[], T]) -> T:
        """As the hub does it: inside of its loop."""

        async def inside() -> T:
            return do()

        return self._loop.run(inside())

    @rule(
        target=watching,
        latency=st.sampled_from([0.0, 0.3, 4.0]),
        room=st.sampled_from([0, 700, 3000, 9000, PLENTY]),
    )
    def join(self, latency: float, room: int) -> Client:
        return self.run(lambda: self.scene.join(latency, room))

    @rule(keyframes=st.lists(st.booleans(), min_size=1, max_size=60))
    def packets(self, keyframes: list[bool]) -> None:
        for keyframe in keyframes:
            self.run(lambda keyframe=keyframe: self.scene.append(keyframe))  # type: ignore[misc]

    @rule()
    def epoch(self) -> None:
        self.run(self.scene.begin)

    @rule()
    def state(self) -> None:
        self.run(lambda: self.scene.pump.tell(text_frame("state")))

    @rule(client=watching)
    def stall(self, client: Client) -> None:
        client.socket.room = 0

    @rule(client=watching, room=st.integers(1, 5000))
    def drain(self, client: Client, room: int) -> None:
        self.run(lambda: client.transport.drain(room))

    @rule(client=consumes(watching))
    def leave(self, client: Client) -> None:
        """Politely: all that it was sent has arrived."""
        scene = self.scene
        self.run(lambda: client.account(scene.epochs, scene.keyframes, scene.end))
        self.gone(client)

    @rule(client=consumes(watching), last=st.booleans())
    def kill(self, client: Client, last: bool) -> None:
        """The socket breaks; that is noticed at the next write, if there is one."""
        client.socket.broken = True
        if last:
            self.run(lambda: self.scene.append(False))
            self.run(lambda: client.transport.drain(0))
            assert client.transport.closing
        self.gone(client)

    @rule(target=watching, client=consumes(watching))
    def watchdog(self, client: Client) -> Client | MultipleResults[Client]:
        """Who has taken nothing for long is put out, and nobody else."""
        viewer = client.viewer
        stuck = client.transport.get_write_buffer_size() > 0
        self.run(lambda: viewer.drop_if_stalled(viewer._progress[1]))
        assert not client.transport.aborted
        self.run(lambda: viewer.drop_if_stalled(viewer._progress[1] + STALL_SECONDS + 1))
        assert client.transport.aborted == stuck
        if not stuck:
            return client
        self.gone(client)
        return multiple()

    def gone(self, client: Client) -> None:
        self.run(client.viewer.lost)
        self.scene.clients.remove(client)
        assert client.viewer.closed.done()

    @invariant()
    def every_chunk_is_accounted_for(self) -> None:
        for client in self.scene.clients:
            viewer = client.viewer
            waiting = viewer.offered - viewer.delivered - viewer.cursor.skipped
            assert waiting >= 0
            if viewer.live:
                assert (waiting, client.transport.get_write_buffer_size()) == (0, 0)

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.scene.muxed.log._items) <= MAX_ITEMS
        assert all(client.transport.most < MOST_WAITING for client in self.scene.clients)

    @invariant()
    def only_they_are_fed(self) -> None:
        pump = self.scene.pump
        assert pump.viewers == [client.viewer for client in self.scene.clients]
        assert len(pump._sockets) == len(pump._live) == sum(each.live for each in pump.viewers)

    def teardown(self) -> None:
        try:
            self.run(self.scene.account)
            assert self.scene.pump.viewers == self.scene.pump._live == []
        finally:
            self._loop.close()


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
