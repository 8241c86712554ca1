"""Leaving: who asks for something that takes a while may go before it is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from televise.web.connections.connection import Connection


@contextmanager
def leaving(request: web.Request, leave: Callable[[], None]) -> Iterator[None]:
    """``leave`` is called where who asks goes meanwhile, or has gone already."""
    transport = request.transport
    connection = None if transport is None else transport.get_protocol()
    if transport is None:
        leave()
    if not isinstance(connection, Connection):
        yield
        return
    connection.leavers.add(leave)
    try:
        yield
    finally:
        connection.leavers.discard(leave)
