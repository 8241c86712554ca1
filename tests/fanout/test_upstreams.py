"""Fan-out processes of a hub whose channels are another's: viewers stay while that one is away."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.hub.hubs import SMALL, has, hub, to
from tests.support.nats import nats_server
from tests.support.server import Serving
from tests.support.spread import at
from tests.support.waiting import until
from tests.support.wire import CLOSE, TEXT, Stream

TOLD = {"Sec-WebSocket-Protocol": "televise.v1"}


class Viewers:
    """Two at each fan-out process of ``tv``, one by WebSocket and one by HTTP."""

    def __init__(self, tv: Serving, stack: AsyncExitStack) -> None:
        crew = tv.server._crew
        assert crew is not None
        self._pids = [member.worker or 0 for member in crew.members]
        self._port, self._stack = tv.port, stack
        self.sockets: list[Stream] = []
        self.answers: list[Stream] = []

    async def come(self) -> None:
        for pid in self._pids:
            self.sockets.append(await self._at(pid, "/cam.mp4", headers=TOLD, websocket=True))
            self.answers.append(await self._at(pid, "/cam.mjpg"))

    async def _at(self, pid: int, path: str, **how: Any) -> Stream:
        stream = at(pid, self._pids, self._port, path, **how)
        return await self._stack.enter_async_context(stream)

    async def hear(self, wanted: str) -> None:
        """All are told by a state, and see pictures where it is live."""
        for socket in self.sockets:
            while wanted != await state(socket):
                pass

    async def see(self) -> None:
        """A new picture comes to each."""
        for socket in self.sockets:
            while (await said(socket))["type"] != "chunk":
                pass
        for answer in self.answers:
            await answer.exactly(20_000)


async def said(socket: Stream) -> Any:
    """The next text."""
    while (frame := await socket.frame()).opcode != TEXT:
        assert frame.opcode != CLOSE, frame.payload
    return json.loads(frame.payload)


async def state(socket: Stream) -> str:
    while (text := await said(socket))["type"] != "state":
        pass
    return str(text["state"])


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as everything:
        yield everything


async def test_viewers_stay_while_the_upstream_is_away(
    stack: AsyncExitStack, unused_tcp_port_factory: Callable[[], int]
) -> None:
    port = unused_tcp_port_factory()
    life = await stack.enter_async_context(AsyncExitStack())
    await life.enter_async_context(hub(SMALL, port=port))
    edge = await stack.enter_async_context(hub(upstreams=to(port), workers=2))
    await has(edge)
    viewers = Viewers(edge, stack)
    await viewers.come()
    await viewers.see()
    await life.aclose()
    await viewers.hear("offline")
    await life.enter_async_context(hub(SMALL, port=port))
    await viewers.hear("live")
    await viewers.see()


async def test_viewers_stay_while_the_bus_is_away(stack: AsyncExitStack, tmp_path: Path) -> None:
    bus = stack.enter_context(nats_server(tmp_path / "nats"))
    await stack.enter_async_context(hub(SMALL, bus=bus.url))
    edge = await stack.enter_async_context(hub(bus=bus.url, workers=2))
    await has(edge)
    viewers = Viewers(edge, stack)
    await viewers.come()
    await viewers.see()
    bus.kill()
    await viewers.hear("offline")
    bus.start()
    await viewers.hear("live")
    await viewers.see()


async def test_a_channel_that_the_hub_has_no_more_ends(stack: AsyncExitStack) -> None:
    ingress = await stack.enter_async_context(hub(SMALL))
    edge = await stack.enter_async_context(hub(upstreams=to(ingress.port), workers=2))
    await has(edge)
    viewers = Viewers(edge, stack)
    await viewers.come()
    await edge.server.hub.remove("cam")
    for socket in viewers.sockets:
        while (frame := await socket.frame()).opcode != CLOSE:
            pass
        assert frame.code == 1001
    await until(lambda: edge.watching == 0)
