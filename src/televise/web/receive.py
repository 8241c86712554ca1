"""Receive: the endless body of a request, as what a publisher sends."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from televise.hub.publishing import Publishing


async def receive(
    request: web.Request, publishing: Publishing, decode: Callable[[bytes], bytes] = bytes
) -> web.Response:
    """Give all of the body to ``publishing``, which ends with that; ``decode`` is called with each
    piece of it.

    What is wrong with it, or with the publisher, is raised: a TeleviseError.
    """
    try:
        await until_end(_copy(request.content, publishing, decode), publishing.closed)
    finally:
        publishing.close()
    if publishing.problem is not None:
        raise publishing.problem
    return web.json_response({"received": publishing.received})


async def until_end(copying: Coroutine[Any, Any, None], *closed: "asyncio.Future[Any]") -> None:
    """Run ``copying`` until it ends, or one of ``closed`` is done, such as when the channel sends
    the publisher away. What it raises, but for a connection that is gone, is raised."""
    task = asyncio.create_task(copying)
    ends: list[asyncio.Future[Any]] = [task, *closed]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
        [ended] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception) and not isinstance(ended, ConnectionError):
        raise ended


async def _copy(
    content: aiohttp.StreamReader, publishing: Publishing, decode: Callable[[bytes], bytes]
) -> None:
    # A publisher that says nothing is sent away by the channel.
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, web.HTTPException):
        while data := await content.readany():
            publishing.write(decode(data))
            await publishing.writable.wait()
        # Who ends properly is told what was wrong; nobody waits for one who is gone.
        await publishing.finish()
