"""Public tools for tests: each of their faults takes place, and can be seen to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from televise.errors import InputError
from televise.testing import (
    ManualClock,
    ToxicProxy,
    fake_camera,
    slowloris,
    toxic_proxy,
    watching,
)
from tests.support.server import serving
from tests.support.waiting import until

DATA = b"x" * 20_000


@contextlib.asynccontextmanager
async def through_proxy() -> AsyncIterator[tuple[ToxicProxy, asyncio.StreamReader]]:
    """A server that sends without end, seen through a proxy."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(DATA)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with toxic_proxy(server.sockets[0].getsockname()[1]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=4096)
        try:
            await reader.readexactly(len(DATA))
            yield proxy, reader
        finally:
            writer.transport.abort()
            server.close()


async def drained(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


async def test_a_frozen_connection_goes_on_with_nothing_lost() -> None:
    async with through_proxy() as (proxy, reader):
        proxy.freeze()
        await until(lambda: proxy.held)
        carried = proxy.carried
        proxy.thaw()
        while proxy.carried < carried + 3_000_000:
            await reader.read(65536)
        assert proxy.withheld == 0


async def test_a_black_hole_swallows() -> None:
    async with through_proxy() as (proxy, _):
        proxy.silence()
        await until(lambda: proxy.withheld > len(DATA))


async def test_a_connection_is_reset_and_another_is_made() -> None:
    async with through_proxy() as (proxy, reader):
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await drained(reader)
        assert proxy.broken >= 2
        again, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await again.read(1) == b"x"
        proxy.cut()
        _, refused = await asyncio.open_connection("127.0.0.1", proxy.port)
        await until(lambda: proxy.refused)
        for each in (writer, refused):
            each.transport.abort()


async def test_delay_and_slow_close() -> None:
    """What a clock shows is at least what was asked for."""
    loop = asyncio.get_running_loop()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with toxic_proxy(server.sockets[0].getsockname()[1]) as proxy:
        proxy.delay, proxy.close_delay = 0.05, 0.1
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        began = loop.time()
        writer.write(b"?")
        assert await reader.readexactly(1) == b"?"
        answered = loop.time()
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        assert answered - began >= 0.1, "each way"
        assert loop.time() - began >= 0.2, "and the end is told later still"
        writer.transport.abort()
    server.close()


async def test_a_camera_that_fails_freezes_and_jumps() -> None:
    """A real worker plays it, and a viewer sees what it does."""
    async with fake_camera() as camera:
        camera.at(1.0, camera.fail)
        async with serving(f"cam={camera.url}") as tv:
            url = f"ws://{tv.authority}/cam.mp4"
            async with watching(url) as viewer:
                await until(lambda: camera.refused)
                await until(lambda: tv.channel().state in ("offline", "connecting"))
                camera.mend()
                await until(lambda: camera.connections > 1)
                await viewer.takes(10)
                camera.freeze()
                await until(lambda: tv.channel().state == "stalled")
                sent = camera.sent
                camera.mend()
                await viewer.takes(5)
                camera.jump(3600.0)
                await until(lambda: camera.sent > sent + 15)
                await viewer.takes(15)
                account = await viewer.settled()
    assert account.exact
    assert account.dropped.total == 0


async def test_slowloris_does_not_disturb_others() -> None:
    async with (
        serving() as tv,
        slowloris(tv.port, connections=5, seconds=0.01) as ended,
        watching(f"ws://{tv.authority}/cam.mp4") as viewer,
    ):
        await until(lambda: len(tv.connections) > 5)
        await viewer.takes(20)
        assert (await viewer.settled()).complete
        assert len(ended) == 5


async def test_viewers_that_there_are_not() -> None:
    with pytest.raises(InputError, match="one of healthy, slow"):
        async with watching("ws://127.0.0.1:9/cam.mp4", "rude"):
            pass


async def test_a_clock_that_is_set_by_hand() -> None:
    clock = ManualClock()
    before, wall = clock.monotonic(), clock.time()
    sleeping = asyncio.create_task(clock.sleep(5))
    await until(lambda: clock.sleeping == 1)
    clock.step(-3600)
    assert (clock.monotonic(), clock.time()) == (before, wall - 3600)
    clock.advance(4.9)
    assert not sleeping.done()
    clock.advance(0.1)
    await sleeping
    assert clock.sleeping == 0
    assert clock.time_ns() == round((wall - 3595) * 1e9)
    with pytest.raises(InputError, match="step"):
        clock.advance(-1)
