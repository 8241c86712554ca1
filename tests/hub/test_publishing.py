"""A publisher's hold on a channel: what the worker is told, who waits, and how it ends."""

import asyncio

import pytest

from televise.errors import Busy, TeleviseError, Unavailable, Unsupported
from televise.hub.publishable import Publishable
from televise.hub.publishing import MOST_AHEAD, Publishing
from televise.hub.seat import Seat
from televise.hub.supply import Callbacks
from televise.link.messages import Data, Ended, Finish, Publish
from televise.link.protocol import MAX_DATA
from televise.model.source import parse_source


class Held:
    """A hold, what the worker has been told, and who has been released."""

    def __init__(self, format: str = "mpegts", *, linked: bool = True) -> None:
        self.told: list[Publish | Data | Finish] = []
        self.released: list[Publishing] = []
        self.publishing = Publishing(7, format, "192.0.2.1", self.told.append)
        self.publishing.begin(self.released.append)
        if linked:
            self.publishing.link()

    @property
    def data(self) -> bytes:
        return b"".join(message.data for message in self.told if isinstance(message, Data))


async def test_the_worker_is_told_who_comes_what_it_sends_and_that_it_goes() -> None:
    held = Held()
    held.publishing.write(b"one")
    held.publishing.write(b"two")
    held.publishing.close()
    assert held.told == [Publish(7, "mpegts"), Data(7, b"one"), Data(7, b"two"), Finish(7)]
    assert held.publishing.received == 6


async def test_what_comes_before_the_worker_is_kept_for_it() -> None:
    held = Held("flv", linked=False)
    held.publishing.write(b"header")
    assert held.told == []
    assert not held.publishing.writable.is_set()
    held.publishing.link()
    assert held.told == [Publish(7, "flv"), Data(7, b"header")]
    assert held.publishing.writable.is_set()


async def test_what_ends_before_the_worker_comes_is_read_by_it_nevertheless() -> None:
    held = Held(linked=False)
    held.publishing.write(b"all")
    finishing = asyncio.create_task(held.publishing.finish())
    await asyncio.sleep(0)
    held.told.clear()
    held.publishing.link()
    assert held.told == [Publish(7, "mpegts"), Data(7, b"all"), Finish(7)]
    held.publishing.send_away("")
    await finishing


async def test_another_worker_gets_what_comes_from_then_on() -> None:
    held = Held()
    held.publishing.write(bytes(MOST_AHEAD))
    held.told.clear()
    held.publishing.link()
    held.publishing.write(b"next")
    assert held.told == [Publish(7, "mpegts"), Data(7, b"next")]
    assert held.publishing.writable.is_set(), "the new one has nothing to read yet"


async def test_who_is_ahead_of_the_worker_waits_for_it() -> None:
    held = Held()
    held.publishing.write(bytes(MOST_AHEAD - 1))
    assert held.publishing.writable.is_set()
    held.publishing.write(b"x")
    assert not held.publishing.writable.is_set()
    held.publishing.taken(1)
    assert held.publishing.writable.is_set()


async def test_no_message_is_larger_than_the_link_allows() -> None:
    held = Held()
    data = bytes(range(256)) * (3 * MAX_DATA // 256) + b"rest"
    held.publishing.write(data)
    sizes = [len(message.data) for message in held.told if isinstance(message, Data)]
    assert sizes == [MAX_DATA, MAX_DATA, MAX_DATA, 4]
    assert held.data == data


@pytest.mark.parametrize("kind", [Unsupported, Busy, Unavailable])
async def test_who_is_sent_away_is_told_why(kind: type[TeleviseError]) -> None:
    held = Held()
    held.publishing.write(bytes(MOST_AHEAD))
    held.publishing.send_away("because", kind)
    assert held.publishing.closed.result() == "because"
    assert type(held.publishing.problem) is kind
    assert str(held.publishing.problem) == "because"
    assert held.publishing.writable.is_set(), "nobody waits for a worker any more"
    assert held.released == [held.publishing]
    held.told.clear()
    held.publishing.write(b"more")
    assert held.told == []


async def test_that_all_was_played_is_no_problem() -> None:
    held = Held()
    held.publishing.send_away("")
    assert held.publishing.closed.done()
    assert held.publishing.problem is None


async def test_it_is_released_once() -> None:
    held = Held()
    held.publishing.close()
    held.publishing.send_away("late")
    held.publishing.close()
    assert held.released == [held.publishing]
    assert held.told.count(Finish(7)) == 1


async def test_the_verdict_on_what_ended_is_waited_for() -> None:
    held = Held()
    finishing = asyncio.create_task(held.publishing.finish())
    await asyncio.sleep(0)
    assert not finishing.done()
    held.publishing.send_away("that is no film")
    await finishing
    assert isinstance(held.publishing.problem, Unsupported)


@pytest.mark.parametrize(("silent", "kind"), [(0.0, Unsupported), (20.0, Unavailable)])
async def test_who_was_only_silent_may_come_again(silent: float, kind: type[TeleviseError]) -> None:
    callbacks = Callbacks(received=lambda _: None, up=lambda: None, down=lambda _: None)
    seat = Seat("cam", Publishable("cam", callbacks, stdin=False))
    publishing = Held("webm").publishing
    seat.take(publishing, parse_source("cam=publish:"), take_over=False)
    publishing.write(b"no media")
    publishing.heard -= silent
    seat.heard(Ended(7, "it cannot be shown"))
    assert type(publishing.problem) is kind
    assert str(publishing.problem) == "it cannot be shown"
    assert seat.publisher is None
