"""The local carrier over real socket pairs: what arrives, and how either end learns of its end."""

import asyncio
import contextlib
import os
import select
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

import televise
from televise.errors import LinkError
from televise.link.local import ConsumerLink, ProviderLink, inheritance, inherited, socket_pair
from televise.link.messages import Hello, Media, Message, Open, State, Unsubscribe
from televise.link.protocol import VERSION, Receiver, encode
from televise.model.packet import Packet

COUNT = 1000
GARBAGE = b"GET / HTTP/1.1\r\n\r\n"


class Hub:
    """The hub's end of a link, and all that it heard."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.lost: list[Exception | None] = []
        self.closed = asyncio.Event()
        self._wanted: list[tuple[int, asyncio.Event]] = []
        self.link = _Link(self._receive, self.lost.append, self.closed.set)

    async def has_received(self, count: int) -> list[Message]:
        """What was received after the Hello, once that is ``count`` messages."""
        enough = asyncio.Event()
        self._wanted.append((count + 1, enough))
        self._look()
        await enough.wait()
        assert self.received[0] == Hello(VERSION)
        return self.received[1:]

    def _receive(self, message: Message) -> None:
        self.received.append(message)
        self._look()

    def _look(self) -> None:
        for number, enough in self._wanted:
            if len(self.received) >= number:
                enough.set()


class _Link(ConsumerLink):
    """Says when asyncio is done with it: after that nothing more can be called."""

    def __init__(
        self,
        received: Callable[[Message], None],
        lost: Callable[[Exception | None], None],
        closed: Callable[[], None],
    ) -> None:
        super().__init__(received, lost)
        self._closed = closed

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._closed()


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[Hub, socket.socket]]:
    """A hub, and the socket of its provider; at the end nothing is left open."""
    ours, theirs = socket_pair()
    hub = Hub()
    with theirs:
        await asyncio.get_running_loop().create_connection(lambda: hub.link, sock=ours)
        yield hub, theirs
        hub.link.close()
        await hub.closed.wait()


def media(number: int, stream: int = 0) -> Media:
    """Messages of every size, to 60 KB, that differ in every byte."""
    data = number.to_bytes(4, "big") * (number * 37 % 15_000)
    return Media(stream, Packet(0, 1, number, data, number, number, 1, number % 30 == 0, 0, 0.0))


def send_all(provider: ProviderLink, messages: list[Message]) -> None:
    for message in messages:
        provider.send(message)


def hear(provider: ProviderLink, number: int | None = None) -> list[Message]:
    """What the hub says: its next ``number`` messages, or all until it goes."""
    return list(islice(provider.messages(), number))


async def test_both_ends_begin_with_hello() -> None:
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        assert await asyncio.to_thread(hear, provider, 1) == [Hello(VERSION)]
        assert await hub.has_received(0) == []
        assert hub.lost == []


async def test_a_thousand_packets_arrive_whole_and_in_order() -> None:
    sent: list[Message] = [media(number) for number in range(COUNT)]
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        sending = asyncio.create_task(asyncio.to_thread(send_all, provider, sent))
        assert await hub.has_received(COUNT) == sent
        await sending
        assert hub.lost == []


async def test_threads_that_send_at_once_do_not_mix_their_bytes() -> None:
    sent: list[list[Message]] = [
        [media(number, stream) for number in range(100)] for stream in range(4)
    ]
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        threads = [asyncio.to_thread(send_all, provider, messages) for messages in sent]
        sending = asyncio.gather(*threads)
        received = await hub.has_received(400)
        await sending
    for stream, messages in enumerate(sent):
        arrived = [each for each in received if isinstance(each, Media) and each.id == stream]
        assert arrived == messages


async def test_the_hub_is_heard_whole_and_in_order() -> None:
    wishes: list[Message] = [Open("pattern:", 1.5), *map(Unsubscribe, range(COUNT))]
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        for wish in wishes:
            hub.link.send(wish)
        heard = await asyncio.to_thread(hear, provider, 1 + len(wishes))
    assert heard == [Hello(VERSION), *wishes]


async def test_a_provider_learns_that_its_hub_is_gone() -> None:
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        hearing = asyncio.create_task(asyncio.to_thread(hear, provider))
        await hub.has_received(0)
        hub.link.close()
        assert await hearing == [Hello(VERSION)]
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
            provider.send(State("live"))
        assert hear(provider) == []


def test_a_hub_that_dies_with_unread_bytes_is_gone_too() -> None:
    ours, theirs = socket_pair()
    with theirs:
        provider = ProviderLink(theirs)
        provider.send(State("live"))
        ours.close()
        assert hear(provider) == []
        with pytest.raises(OSError):  # noqa: PT011
            provider.send(State("live"))


def send_for_ever(provider: ProviderLink) -> OSError:
    for number in count():
        try:
            provider.send(media(number))
        except OSError as error:
            return error
    raise AssertionError("numbers do not end")


def wait_until_full(end: socket.socket) -> None:
    while select.select([], [end], [], 0)[1]:
        pass


async def test_a_provider_that_waits_for_a_slow_hub_is_freed_when_it_dies() -> None:
    ours, theirs = socket_pair()
    with ours, theirs:
        sending = asyncio.create_task(asyncio.to_thread(send_for_ever, ProviderLink(theirs)))
        await asyncio.to_thread(wait_until_full, theirs)
        ours.close()
        assert isinstance(await sending, OSError)


async def test_garbage_from_the_hub_is_a_link_error() -> None:
    ours, theirs = socket_pair()
    with ours, theirs:
        provider = ProviderLink(theirs)
        ours.send(encode(Hello(VERSION)) + GARBAGE)
        messages = provider.messages()
        assert next(messages) == Hello(VERSION)
        with pytest.raises(LinkError):
            next(messages)


async def test_a_provider_that_dies_is_lost_once() -> None:
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        provider.send(State("live"))
        await hub.has_received(1)
        theirs.close()
        await hub.closed.wait()
        hub.link.send(Unsubscribe(1))
        hub.link.close()
        assert len(hub.lost) == 1
        assert not isinstance(hub.lost[0], LinkError)


async def test_what_a_provider_said_before_it_died_arrives() -> None:
    sent: list[Message] = [media(number) for number in range(20)]
    async with connected() as (hub, theirs):
        with theirs:
            provider = ProviderLink(theirs)
            assert hear(provider, 1) == [Hello(VERSION)]
            await asyncio.to_thread(send_all, provider, sent)
        await hub.closed.wait()
        assert hub.received[1:] == sent
        assert hub.lost == [None]


@pytest.mark.parametrize(
    "garbage",
    [GARBAGE, encode(Hello(VERSION)), encode(Open("-", 0.0)), b"\xff" * 5],
    ids=["another protocol", "a second hello", "the wrong role", "a huge message"],
)
async def test_garbage_loses_the_provider_once(garbage: bytes) -> None:
    async with connected() as (hub, theirs):
        provider = ProviderLink(theirs)
        assert hear(provider, 1) == [Hello(VERSION)]
        theirs.sendall(encode(State("live")) + garbage + encode(State("stalled")))
        await hub.closed.wait()
        assert hub.received == [Hello(VERSION), State("live")]
        assert [type(error) for error in hub.lost] == [LinkError]
        hub.link.send(Unsubscribe(1))
        assert hear(provider) == []


async def test_a_hub_that_closes_is_told_once() -> None:
    async with connected() as (hub, _):
        hub.link.close()
        hub.link.close()
        await hub.closed.wait()
        assert hub.lost == [None]


def test_nothing_is_sent_before_there_is_a_connection() -> None:
    lost: list[Exception | None] = []
    link = ConsumerLink(lambda message: None, lost.append)
    link.send(Unsubscribe(1))
    link.close()
    assert lost == []


WORKER = """
import sys
from televise.link.local import ProviderLink, inherited
from televise.link.messages import Open, State

connection = inherited(int(sys.argv[1]))
assert connection.getblocking()
assert not connection.get_inheritable()
provider = ProviderLink(connection)
for message in provider.messages():
    if isinstance(message, Open):
        provider.send(State(message.source))
"""


def test_a_child_inherits_its_end() -> None:
    ours, theirs = socket_pair()
    with ours:
        with theirs:
            theirs.setblocking(False)  # as a parent may have left it
            options: dict[str, Any] = inheritance(theirs)
            child = subprocess.Popen(
                [sys.executable, "-c", WORKER, str(theirs.fileno())],
                env=os.environ | {"PYTHONPATH": str(Path(televise.__file__).parent.parent)},
                **options,
            )
        with child:
            ours.setblocking(True)
            ours.sendall(encode(Hello(VERSION)) + encode(Open("film.mp4", 0.0)))
            ours.shutdown(socket.SHUT_WR)
            with ours.makefile("rb") as stream:
                said = list(Receiver("provider").feed(stream.read()))
    assert said == [Hello(VERSION), State("film.mp4")]
    assert child.returncode == 0


def test_only_the_childs_end_is_inheritable() -> None:
    ours, theirs = socket_pair()
    with ours, theirs:
        assert (ours.get_inheritable(), theirs.get_inheritable()) == (False, True)
        assert not ours.getblocking()
        with inherited(os.dup(theirs.fileno())) as copy:
            assert copy.getblocking()
            assert not copy.get_inheritable()
