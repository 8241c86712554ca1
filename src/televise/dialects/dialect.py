"""Dialect: the ports and URLs of an older system, answered with our channels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from televise.hub.channel import Channel
from televise.web.edge import Edge

ChannelOf = Callable[[web.Request, str], Channel]
"""The channel that a name in a URL means, '' where the URL has none; UnknownChannel if there is
no such channel, Forbidden if the request may not have it."""

Routes = Sequence[web.RouteDef]

Words = Callable[[web.Request, Channel, Sequence[int]], Mapping[str, str]]
"""What an original filled into its page, by name; of the channel, and the dialect's own ports."""

# The ports of the dialect that an application is a part of, as they are listened on.
PORTS = web.AppKey("dialect_ports", Sequence[int])


@dataclass(frozen=True)
class Dialect:
    """One original. ``answers`` says in one line each what is there; ``routes`` makes one list of
    routes for each of the ``ports``. It needs ``replay_seconds`` of the past. Where the original's
    page was a template, ``words`` are filled in."""

    name: str
    ports: tuple[int, ...]
    answers: tuple[str, ...]
    routes: Callable[[Edge, ChannelOf], Sequence[Routes]]
    replay_seconds: int = 0
    words: Words | None = None
