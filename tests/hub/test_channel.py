"""A channel with a worker that only notes what it is told: on demand, lingering, limits, epochs."""

import asyncio
from typing import Any

import pytest

from televise.errors import LimitReached, Unavailable
from televise.hub import channel as channel_module
from televise.hub import publishable, renditions
from televise.hub.budget import Budget
from televise.hub.channel import Channel
from televise.hub.relays.uplink import Uplink
from televise.hub.supply import Callbacks
from televise.link.messages import (
    Allow,
    Announce,
    Epoch,
    Media,
    Message,
    Open,
    Publish,
    Refused,
    State,
    Subscribe,
    Unsubscribe,
)
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.model.track import Track
from tests.support.waiting import until

VIDEO = Track("video", "h264", 90_000)
PLAIN, SMALL = Rendition("h264"), Rendition("h264", w=64)


class FakeSupervisor:
    """In the place of the one that has a process."""

    remote = False

    def __init__(self, name: str, callbacks: Callbacks, *, stdin: bool) -> None:
        self.received, self.up, self.down = callbacks.received, callbacks.up, callbacks.down
        self.running = False
        self.starts = 0
        self.sent: list[Message] = []
        self.process = None

    def start(self) -> None:
        if not self.running:
            self.running = True
            self.starts += 1

    def stop(self) -> "asyncio.Future[Any]":
        self.running = False
        return asyncio.gather()

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def take(self) -> list[Message]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishable, "Supervisor", FakeSupervisor)
    monkeypatch.setattr(renditions, "LINGER_SECONDS", 0.05)
    monkeypatch.setattr(channel_module, "SOURCE_LINGER_SECONDS", 0.05)


def channel(
    source: str = "cam=pattern:", budget: Budget | None = None
) -> tuple[Channel, FakeSupervisor]:
    made = Channel(parse_source(source), budget=budget)
    assert isinstance(made._supply, publishable.Publishable)
    supervisor = made._supply._reader
    assert isinstance(supervisor, FakeSupervisor)
    return made, supervisor


def media(identifier: int, epoch: int) -> Media:
    return Media(identifier, Packet(0, epoch, 1, b"x", 0, 0, 1, True, 0, 0.0))


async def test_it_opens_at_once_and_closes_again_where_nobody_comes() -> None:
    cam, supervisor = channel()
    assert cam.state == "idle"
    cam.open()
    assert supervisor.running
    assert cam.state == "connecting"
    supervisor.received(State("live"))
    await until(lambda: cam.state == "idle")
    assert not supervisor.running


async def test_who_watches_keeps_it_open() -> None:
    cam, supervisor = channel()
    cam.open()
    encoding = cam.acquire(PLAIN)
    supervisor.received(State("live"))
    await asyncio.sleep(0.2)  # four times as long as it lingers
    assert supervisor.running
    [told] = supervisor.take()
    assert isinstance(told, Subscribe)
    assert (told.id, told.rendition) == (encoding.id, PLAIN)
    cam.release(encoding)
    await until(lambda: cam.state == "idle")
    assert supervisor.take() == [Unsubscribe(encoding.id)]
    assert not supervisor.running
    assert cam.encodings == []


@pytest.mark.parametrize("source", ["x=srt://:9000", "x=srt://127.0.0.1:9000?mode=listener"])
async def test_one_that_listens_stays_open(source: str) -> None:
    """Whoever sends has to find it open, long before anybody watches."""
    listening, supervisor = channel(source)
    listening.open()
    another, _ = channel()
    another.open()
    await until(lambda: another.state == "idle")
    assert supervisor.running
    assert listening.state == "connecting"


async def test_the_first_viewer_opens_it_again() -> None:
    cam, supervisor = channel()
    cam.open()
    await until(lambda: cam.state == "idle")
    cam.acquire(PLAIN)
    assert supervisor.running
    assert (cam.state, supervisor.starts) == ("connecting", 2)
    await asyncio.sleep(0.2)
    assert supervisor.running


async def test_who_reloads_a_page_finds_the_encoder_running() -> None:
    cam, supervisor = channel()
    first = cam.acquire(PLAIN)
    cam.release(first)
    second = cam.acquire(PLAIN)
    assert second is first
    await asyncio.sleep(0.2)
    assert [message for message in supervisor.sent if isinstance(message, Unsubscribe)] == []


async def test_equal_wishes_share_an_encoder_and_others_do_not() -> None:
    cam, supervisor = channel()
    first, second, other = cam.acquire(PLAIN), cam.acquire(PLAIN), cam.acquire(SMALL)
    assert first is second
    assert first.users == 2
    assert other is not first
    assert [type(message) for message in supervisor.take()] == [Subscribe, Subscribe]
    cam.release(first)
    await asyncio.sleep(0.2)
    assert cam.encodings == [first, other]


async def test_standard_input_is_never_closed_as_it_cannot_be_opened_again() -> None:
    cam, supervisor = channel("cam=-")
    cam.open()
    encoding = cam.acquire(PLAIN)
    cam.release(encoding)
    await until(lambda: not cam.encodings)
    await asyncio.sleep(0.2)
    assert supervisor.running


async def test_who_publishes_after_one_with_a_link_has_a_worker() -> None:
    """A publisher with a link is not asked for anything where nobody watches; another one is."""
    cam, supervisor = channel("cam=publish:")
    cam.open()
    first = cam.publish("link", "there", Uplink(lambda message: None))
    assert not supervisor.running
    first.close()
    other, _ = channel()
    held = cam.publish("mpegts", "here")
    other.open()
    await until(lambda: other.state == "idle")
    assert supervisor.running
    supervisor.up()
    assert supervisor.take()[-1] == Publish(held.id, "mpegts")


async def test_a_new_worker_is_told_all_that_is_wanted_in_a_later_epoch() -> None:
    cam, supervisor = channel()
    first, second = cam.acquire(PLAIN), cam.acquire(SMALL)
    supervisor.received(Epoch(first.id, 3, (VIDEO,)))
    supervisor.take()
    supervisor.up()
    allowed, opened, *wanted = supervisor.take()
    assert isinstance(allowed, Allow)
    assert isinstance(opened, Open)
    assert opened.source == "cam=pattern:"
    assert wanted == [Subscribe(first.id, PLAIN, 4), Subscribe(second.id, SMALL, second.epoch + 1)]
    supervisor.up()
    again = supervisor.take()[:2]
    assert again == [allowed, opened], "media time goes on from the same origin"


async def test_messages_find_their_encoding_and_strays_do_not() -> None:
    cam, supervisor = channel()
    first, second = cam.acquire(PLAIN), cam.acquire(SMALL)
    supervisor.received(Epoch(first.id, 1, (VIDEO,)))
    supervisor.received(media(first.id, 1))
    supervisor.received(media(999, 1))
    supervisor.received(Epoch(999, 1, (VIDEO,)))
    supervisor.received(Refused(second.id, "no"))
    assert first.log.newest is not None
    assert second.log.newest is None
    assert second.refusal == "no"
    supervisor.received(Announce((VIDEO,)))
    assert cam.tracks == (VIDEO,)


async def test_what_was_refused_is_tried_anew_for_the_next_who_asks() -> None:
    """Players try again every second: a refusal that lingered would last for ever."""
    cam, supervisor = channel()
    first = cam.acquire(SMALL)
    supervisor.received(Refused(first.id, "the encoder has failed"))
    cam.release(first)
    second = cam.acquire(SMALL)
    assert second is not first
    assert second.refusal == ""
    again = Subscribe(second.id, SMALL, second.epoch + 1)
    assert supervisor.sent[-2:] == [Unsubscribe(first.id), again]


async def test_states_are_told_once_each() -> None:
    cam, supervisor = channel()
    heard: list[tuple[str, str]] = []
    cam.listeners.add(lambda each: heard.append((each.state, each.text)))
    cam.open()
    for message in (State("live"), State("live"), State("stalled", "no picture for 3 s")):
        supervisor.received(message)
    supervisor.down("its process ended")
    assert heard == [
        ("connecting", ""),
        ("live", ""),
        ("stalled", "no picture for 3 s"),
        ("offline", "its process ended"),
    ]
    assert cam.was_live


async def test_why_it_is_offline_stays_when_its_source_is_closed() -> None:
    cam, supervisor = channel()
    cam.open()
    supervisor.received(State("offline", "film.mp4: there is no such file", True))
    await until(lambda: not supervisor.running)
    assert (cam.state, cam.text) == ("offline", "film.mp4: there is no such file")


async def test_renditions_are_limited_but_not_the_source_as_it_is() -> None:
    cam, _ = channel(budget=Budget(2))
    used, idle = cam.acquire(SMALL), cam.acquire(Rendition("h264", w=80))
    with pytest.raises(LimitReached, match="cam is already encoded in 2 ways"):
        cam.acquire(Rendition("h264", w=96))
    for plain in (PLAIN, Rendition("h264", "aac"), Rendition("mjpeg")):
        cam.acquire(plain)
    cam.release(idle)
    other = cam.acquire(Rendition("h264", w=96))
    assert used in cam.encodings
    assert other in cam.encodings
    assert idle not in cam.encodings, "it only lingered"


async def test_who_leaves_late_does_not_end_another_with_the_same_wish() -> None:
    """An encoding that made room while it lingered must not count for the one after it."""
    cam, supervisor = channel(budget=Budget(1))
    old = cam.acquire(SMALL)
    cam.release(old)
    between = cam.acquire(Rendition("h264", w=80))
    cam.release(between)
    new = cam.acquire(SMALL)
    assert new is not old
    await asyncio.sleep(0.2)
    assert cam.encodings == [new]
    assert Unsubscribe(new.id) not in supervisor.sent


async def test_a_closed_channel_opens_no_more() -> None:
    cam, supervisor = channel()
    encoding = cam.acquire(PLAIN)
    await cam.close()
    assert not supervisor.running
    cam.release(encoding)
    with pytest.raises(Unavailable, match="stopping"):
        cam.acquire(PLAIN)
    await asyncio.sleep(0.2)
    assert (supervisor.starts, supervisor.running) == (1, False)
