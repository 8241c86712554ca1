"""A hub that takes channels from others: real servers, one to four hops, and what goes wrong."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from televise.formats.box import boxes
from televise.hub.policy import Policy
from televise.hub.relays.upstream import QUIET_SECONDS, SILENCE_SECONDS
from televise.link.messages import Epoch, Look, Message, Note, Unsubscribe
from televise.model.rendition import Rendition
from televise.testing import toxic_proxy
from televise.web.trust.keys import Grant, Keys
from tests.hub.hubs import (
    SMALL,
    WHOLE,
    ages_at,
    all_connected,
    gaps,
    has,
    hub,
    link_ends,
    taking,
    through,
    to,
)
from tests.ingest.publishers import RED, picture
from tests.support.server import Serving
from tests.support.waiting import until
from tests.support.wire import Stream, connect, request


def url_of(tv: Serving) -> str:
    return f"ws://{tv.authority}"


def offering(tv: Serving) -> list[str]:
    """The upstreams of ``tv`` that have a picture of the channel."""
    upstreams = tv.server._upstreams.all
    return [each.url for each in upstreams if "cam" in each.offers and each.offers["cam"].good]


async def test_a_channel_appears_and_shows_the_same_pictures() -> None:
    async with hub(SMALL) as ingress, hub(upstreams=to(ingress.port)) as edge:
        await has(edge)
        async with taking(ingress) as above, taking(edge) as below:
            there = {packet.sequence: packet for packet in await above.take(40)}
            here = await below.take(30)
    same = [packet for packet in here if packet.sequence in there]
    assert len(same) > 5
    assert all(there[packet.sequence] == packet for packet in same), "byte for byte"
    assert above.epochs[0] == below.epochs[0]
    assert gaps(here) == 0


class Row:
    """Ingress, intermediate, intermediate, edge, each of which may end and come back."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = ports
        self.hubs: dict[int, Serving] = {}
        self._lives: dict[int, AsyncExitStack] = {}

    async def start(self, place: int) -> None:
        life = self._lives[place] = AsyncExitStack()
        port = self.ports[place]
        above = {"upstreams": to(self.ports[place - 1])} if place else {}
        started = hub(*([] if place else [SMALL]), port=port, **above)
        self.hubs[place] = await life.enter_async_context(started)

    async def end(self, place: int) -> None:
        del self.hubs[place]
        await self._lives.pop(place).aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for place in list(self._lives):
            await self.end(place)


@pytest.fixture
async def row(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[Row]:
    async with Row([unused_tcp_port_factory() for _ in range(4)]) as made:
        yield made


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1)], ids=str)
async def test_hubs_may_start_in_any_order(row: Row, order: tuple[int, ...]) -> None:
    """All 24 orders: bench.chain."""
    for place in order:
        await row.start(place)
        for later in (each for each in row.hubs.values() if each.server._upstreams.all):
            [upstream] = later.server._upstreams.all
            await until(lambda upstream=upstream: upstream.reason != "not reached yet")  # type: ignore[misc]
    await has(row.hubs[3])
    assert len(row.hubs[3].channel().path or ()) == 3
    async with taking(row.hubs[3]) as taker:
        assert gaps(await taker.take(5)) == 0


async def test_each_hub_of_a_row_may_end_and_come_back(row: Row) -> None:
    for place in range(4):
        await row.start(place)
    edge = row.hubs[3]
    await has(edge)
    async with taking(edge) as taker:
        await taker.take(10)
        for place in range(3):
            await row.end(place)
            await until(lambda: edge.channel().state == "offline")
            await row.start(place)
            await taker.take(10)
            await until(lambda: edge.channel().state == "live")
        assert len(taker.epochs) == 2, "only another source is another epoch"
        assert gaps(taker.packets) == edge.channel().ledger.missing
        assert edge.watching == 1, "and who watches has not noticed"
    await row.end(3)
    await row.start(3)
    await has(row.hubs[3])
    async with taking(row.hubs[3]) as again:
        assert gaps(await again.take(5)) == 0


async def test_one_subscription_however_many_watch_and_none_where_nobody_does() -> None:
    """Five hundred viewers, who read nothing, of a picture a second."""
    async with (
        hub("cam=pattern:?size=160x120&fps=1") as ingress,
        hub(upstreams=to(ingress.port)) as edge,
    ):
        await has(edge)
        [upstream] = edge.server._upstreams.all
        assert ingress.channel().encodings == []
        async with AsyncExitStack() as viewers:
            for _ in range(500):
                viewer = await viewers.enter_async_context(Stream.open(edge.port, "/cam.mjpg"))
                assert viewer.status == 200
            await viewer.until(b"\xff\xd9")
            await until(lambda: edge.edge.census.viewers(edge.channel()) == 500)
            [encoding] = ingress.channel().encodings
            assert encoding.users == 1
            assert len(ingress.edge.census.fed_with(ingress.channel())) == 1
        await until(lambda: not ingress.edge.census.fed_with(ingress.channel()))
        await until(lambda: not ingress.channel().encodings)
        before, media = upstream.bytes, upstream.media_bytes
        await until(lambda: upstream.bytes > before)
        assert media > 1000
        assert upstream.media_bytes == media, "only signs of life cross"


async def test_hubs_are_no_viewers_but_their_viewers_count_above() -> None:
    async with (
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port)) as middle,
        hub(upstreams=to(middle.port)) as edge,
    ):
        await has(edge)
        told = edge.told("/cam.mp4")
        async with told as viewer, edge.told("/cam.mp4"), middle.told("/cam.mp4"):
            await until(lambda: ingress.edge.census.counts() == {"cam": 3})
            viewer.say('{"type":"report","rung":"mse","age_ms":80,"fps":15,"stalls":0}')
            await until(lambda: ages_at(ingress, edge).get("shown") == 80)
            assert ages_at(ingress, middle).keys() == {"arrived"}, "nobody there tells of a screen"
            assert ingress.edge.census.viewers(ingress.channel()) == 0
            assert middle.edge.census.viewers(middle.channel()) == 1
        await until(lambda: ingress.edge.census.counts() == {})


async def test_who_has_two_upstreams_counts_once() -> None:
    async with (
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port)) as left,
        hub(upstreams=to(ingress.port)) as right,
        hub(upstreams=to(left.port, right.port)) as edge,
    ):
        await until(lambda: offering(edge) == [url_of(left), url_of(right)])
        async with edge.told("/cam.mp4"):
            await until(lambda: left.edge.census.counts() == {"cam": 1})
            await until(lambda: ingress.edge.census.counts() == {"cam": 1})
            assert right.edge.census.counts() == {}


async def test_the_next_upstream_continues_where_the_first_one_ended() -> None:
    async with (
        AsyncExitStack() as life,
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port)) as spare,
    ):
        first = await life.enter_async_context(hub(upstreams=to(ingress.port)))
        async with hub(upstreams=to(first.port, spare.port)) as edge:
            await until(lambda: offering(edge) == [url_of(first), url_of(spare)])
            async with taking(edge) as taker:
                before = await taker.take(20)
                assert edge.channel().path == through(ingress, first)
                await life.aclose()
                after = await taker.take(60)
                assert edge.channel().path == through(ingress, spare)
            ledger = edge.channel().ledger
    assert len(taker.epochs) == 1, "the very same encoder, another way"
    assert gaps([*before, *after]) == ledger.missing
    assert ledger.repeated > 0, "it began again at the newest keyframe"


async def test_an_upstream_that_has_lost_its_own_is_left() -> None:
    """The link to it is fine, but it has no picture any more."""
    async with (
        toxic_proxy() as proxy,
        hub(SMALL, origins=[proxy.url]) as ingress,
        hub(upstreams=to(proxy.port)) as first,
        hub(upstreams=to(ingress.port)) as spare,
        hub(upstreams=to(first.port, spare.port)) as edge,
    ):
        proxy.target = ingress.port
        await until(lambda: offering(edge) == [url_of(first), url_of(spare)])
        async with taking(edge) as taker:
            await taker.take(10)
            assert edge.channel().path == through(ingress, first)
            proxy.cut()
            await until(lambda: edge.channel().path == through(ingress, spare))
            await taker.take(30)
            assert edge.server._upstreams.all[0].connected
    assert len(taker.epochs) == 1
    assert gaps(taker.packets) == edge.channel().ledger.missing


async def test_a_channel_that_is_ended_here_but_not_above_comes_again() -> None:
    async with hub(SMALL) as ingress, hub(upstreams=to(ingress.port)) as edge:
        await has(edge)
        before = edge.channel()
        await edge.server.hub.remove("cam")
        await until(lambda: edge.server.hub.has("cam"))
        assert edge.channel() is not before
        async with taking(edge) as taker:
            await taker.take(1)


async def test_a_restarted_upstream_begins_a_new_epoch(unused_tcp_port: int) -> None:
    async with hub(upstreams=to(unused_tcp_port)) as edge:
        async with hub(SMALL, port=unused_tcp_port):
            await has(edge)
            watching = taking(edge)
            taker = await watching.__aenter__()
            before = await taker.take(30)
        await until(lambda: edge.channel().state == "offline")
        async with hub(SMALL, port=unused_tcp_port):
            after = await taker.take(10)
            await watching.__aexit__(None, None, None)
    assert len(taker.epochs) == 2
    assert after[-1].epoch != before[-1].epoch
    assert gaps([*before, *after]) == 0
    assert after[-1].sequence < before[-1].sequence, "numbers that were had already, and yet"


async def test_a_channel_that_was_not_watched_for_a_while_is_new() -> None:
    """The encoder starts anew and counts from one: it must not be taken for what was had."""
    async with hub(SMALL) as ingress:
        async with taking(ingress) as taker:
            await taker.take(30)
        await until(lambda: not ingress.channel().encodings)
        async with taking(ingress) as again:
            await again.take(1)
    assert taker.epochs != again.epochs


async def test_two_that_take_from_each_other_do_not_go_round(unused_tcp_port: int) -> None:
    async with (
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port, unused_tcp_port)) as one,
        hub(upstreams=to(one.port), port=unused_tcp_port) as two,
    ):
        await has(two)
        await all_connected(one)
        assert one.server._upstreams.all[1].offers == {}, "it stops at the first hop"
        async with two.told("/cam.mp4"):
            await until(lambda: ingress.edge.census.counts() == {"cam": 1})
    assert two.channel().path == through(ingress, one)


async def test_in_a_ring_that_has_lost_its_source_none_has_it(unused_tcp_port: int) -> None:
    """Each of them had it from the source, and was offered it by the other."""
    async with AsyncExitStack() as life:
        ingress = await life.enter_async_context(hub(SMALL))
        async with (
            hub(upstreams=to(ingress.port, unused_tcp_port)) as one,
            hub(upstreams=to(ingress.port, one.port), port=unused_tcp_port) as two,
        ):
            for each in (one, two):
                await has(each)
                await all_connected(each)
            await life.aclose()
            await until(lambda: one.channel().path is None and two.channel().path is None)
            assert one.channel().state == two.channel().state == "offline"


async def test_a_hub_is_not_its_own_upstream(unused_tcp_port: int) -> None:
    async with hub(SMALL, upstreams=to(unused_tcp_port), port=unused_tcp_port) as tv:
        upstream = tv.server._upstreams.all[0]
        await until(lambda: upstream.rejected > 0)
        assert not upstream.connected
        assert [channel.name for channel in tv.server.hub.channels] == ["cam"]


async def test_a_channel_of_our_own_is_not_taken_from_others() -> None:
    async with hub(SMALL, "door=pattern:?size=160x120&fps=5") as ingress:
        mine = "cam=pattern:?size=192x120&fps=5"
        async with hub(mine, upstreams=to(ingress.port)) as edge:
            await has(edge, "door")
            assert edge.channel().path == ()
            async with taking(edge) as taker:
                await taker.take(1)
    [epoch] = [each for each in taker.messages if isinstance(each, Epoch)]
    assert epoch.tracks[0].width == 192


@pytest.mark.parametrize("watched", [False, True])
async def test_a_silent_upstream_is_noticed_and_the_next_one_taken(
    watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = link_ends(monkeypatch)
    async with (
        toxic_proxy() as proxy,
        hub(SMALL, origins=[proxy.url]) as ingress,
        hub(upstreams=to(proxy.port, ingress.port)) as edge,
        AsyncExitStack() as viewers,
    ):
        proxy.target = ingress.port
        await has(edge)
        await all_connected(edge)
        if watched:
            taker = await viewers.enter_async_context(taking(edge))
            await taker.take(10)
        upstream = edge.server._upstreams.all[0]
        proxy.silence()
        await until(lambda: proxy.withheld > 0)
        began = time.monotonic()
        await until(lambda: not upstream.connected)
        assert upstream.reason == "no answer in time"
        assert time.monotonic() - began < SILENCE_SECONDS + 2
        if watched:
            await taker.take(60)
            assert gaps(taker.packets) == edge.channel().ledger.missing
            assert len(taker.epochs) == 1
            assert "another is better" not in ends


async def test_one_that_says_nothing_is_left_before_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where another has it; and it is not returned to when it comes back."""
    ends = link_ends(monkeypatch)
    async with (
        toxic_proxy() as proxy,
        hub(SMALL, origins=[proxy.url]) as ingress,
        hub(upstreams=to(proxy.port, ingress.port)) as edge,
    ):
        proxy.target = ingress.port
        await until(lambda: offering(edge) == [proxy.url.replace("http", "ws"), url_of(ingress)])
        async with taking(edge) as taker:
            await taker.take(10)
            [carrier] = edge.server._upstreams.relays["cam"].carriers
            first, spare = edge.server._upstreams.all
            assert carrier.upstream is first
            proxy.freeze()
            await until(lambda: carrier.upstream is spare)
            assert ends == ["it says nothing"]
            assert first.connected
            proxy.thaw()
            await until(lambda: not first.quiet)
            await taker.take(60)
            assert carrier.upstream is spare
    assert len(taker.epochs) == 1
    assert ends == ["it says nothing"]


async def test_a_source_that_shows_nothing_new_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One picture for ever, and another hub that has it too."""
    ends = link_ends(monkeypatch)
    (tmp_path / "still.jpg").write_bytes(picture(RED, "JPEG"))
    async with (
        hub(f"cam=dir:{tmp_path}") as ingress,
        hub(upstreams=to(ingress.port)) as spare,
        hub(upstreams=to(ingress.port, spare.port)) as edge,
    ):
        await until(lambda: offering(edge) == [url_of(ingress), url_of(spare)])
        async with taking(edge, rendition=Rendition("mjpeg")) as taker:
            await taker.take(1)
            [carrier] = edge.server._upstreams.relays["cam"].carriers
            began, upstream = time.monotonic(), carrier.upstream
            await until(lambda: time.monotonic() > began + 2 * QUIET_SECONDS)
            assert len(taker.packets) < 3
            assert carrier.upstream is upstream is edge.server._upstreams.all[0]
    assert ends == []


async def test_times_are_by_our_own_clock() -> None:
    """Ours is an hour early: what was captured now was captured an hour ago."""
    [upstream] = to(9)
    hour = 3_600_000_000_000
    async with hub(SMALL) as ingress:
        upstream.url = f"ws://{ingress.authority}"
        upstream.now = lambda: time.time_ns() - hour
        async with hub(upstreams=[upstream]) as edge:
            await has(edge)
            await until(lambda: upstream.clock.delay_seconds)
            async with taking(ingress) as above, taking(edge) as below:
                here = {packet.sequence: packet for packet in await below.take(20)}
                there = {packet.sequence: packet for packet in await above.take(40)}
    shifts = [there[each].captured - here[each].captured for each in here if each in there]
    assert len(shifts) > 5
    assert all(abs(shift - hour) < 1_000_000_000 for shift in shifts)
    assert upstream.clock.delay_seconds


async def test_equal_clocks_change_no_stamp() -> None:
    async with hub(SMALL) as ingress, hub(upstreams=to(ingress.port)) as edge:
        await has(edge)
        [upstream] = edge.server._upstreams.all
        await until(lambda: upstream.clock.delay_seconds)
        assert upstream.clock.offset == 0


async def test_what_cannot_be_made_is_refused_at_every_hop() -> None:
    """A rendition of a film that is none: the words of the source come through."""
    async with (
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port)) as middle,
        hub(upstreams=to(middle.port)) as edge,
    ):
        await has(edge)
        async with AsyncExitStack() as eight:
            for width in range(32, 48, 2):
                rendition = replace(WHOLE, w=width)
                taker = await eight.enter_async_context(taking(ingress, rendition=rendition))
                await taker.take(1)
            async with edge.get("/cam.jpg?w=64") as answer:
                assert answer.status == 503
                assert "already encoded in 8 ways" in await answer.text()


async def test_looking_back_works_through_the_link() -> None:
    async with (
        hub(SMALL, policy=Policy(keep_open=True)) as ingress,
        hub(upstreams=to(ingress.port)) as middle,
        hub(upstreams=to(middle.port)) as edge,
    ):
        await has(edge)
        await ingress.is_live()
        await until(lambda: time.time() - ingress.channel().since > 3)
        async with edge.get("/cam.jpg?t=-1s") as answer:
            assert answer.status == 200, await answer.text()
            captured = float(answer.headers["X-Timestamp"])
            assert answer.content_type == "image/jpeg"
        assert 0.5 < time.time() - captured < 30
        async with edge.get("/cam.mp4?t=-2s&d=1s") as answer:
            clip = await answer.read()
        assert [name for name, _, _ in boxes(clip)][:2] == ["ftyp", "moov"]
        async with edge.get("/cam.jpg?t=-250s") as answer:
            assert answer.status in (200, 503)


async def test_a_look_that_nobody_waits_for_ends_through_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        hub(SMALL, policy=Policy(keep_open=True)) as ingress,
        hub(upstreams=to(ingress.port)) as middle,
        hub(upstreams=to(middle.port)) as edge,
    ):
        await has(edge)
        await ingress.is_live()
        said: list[Message] = []
        monkeypatch.setattr(ingress.channel()._looks, "_send", said.append)  # it takes for ever
        _, writer = await connect(edge.port)
        writer.write(request("/cam.jpg?t=-1s", edge.port))
        await until(lambda: said)
        writer.transport.abort()
        await until(lambda: len(said) == 2)
        assert isinstance(said[0], Look)
        assert said[1] == Unsubscribe(said[0].id)


async def test_notes_cross_and_belong_to_the_same_picture() -> None:
    async with (
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port)) as middle,
        hub(upstreams=to(middle.port)) as edge,
    ):
        await has(edge)
        heard: list[tuple[int, str]] = []
        async with taking(edge) as taker:
            [packet] = await taker.take(1)
            edge.channel().note_listeners.add(lambda _, *note: heard.append(note))
            ingress.channel()._received(Note(packet.captured, '{"cars":2}'))
            await until(lambda: heard)
            assert heard == [(packet.captured, '{"cars":2}')]
            while not [each for each in taker.messages if isinstance(each, Note)]:
                await taker.take(1)
            ingress.channel()._received(Note(packet.captured + 1, "{}"))
            await until(lambda: len(heard) == 2)
    assert Note(packet.captured, '{"cars":2}') in taker.messages


class Keyed:
    """A hub that tells which keys it was shown."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = Keys(path)

    def token(self, channel: str = "*", can: str = "relay") -> str:
        return self.keys.sign(Grant(channel, can), 600)


@pytest.fixture
def keyed(tmp_path: Path) -> Keyed:
    return Keyed(tmp_path / "key")


async def test_with_a_key_only_its_channels_are_seen(keyed: Keyed) -> None:
    both = (SMALL, "door=pattern:?size=160x120&fps=5")
    async with hub(*both, key_file=keyed.path) as ingress:
        async with hub(upstreams=to(ingress.port, token=keyed.token("door"))) as edge:
            await has(edge, "door")
            assert [each.name for each in edge.server.hub.channels] == ["door"]
            async with taking(edge, "door") as taker:
                await taker.take(1)
        async with hub(upstreams=to(ingress.port, token=keyed.token())) as edge:
            await has(edge, "door")
            await has(edge, "cam")


@pytest.mark.parametrize("token", ["nonsense", "publish"])
async def test_with_a_wrong_key_nothing_is_had(keyed: Keyed, token: str) -> None:
    if token == "publish":
        token = keyed.token("cam", "publish")
    async with (
        hub(SMALL, key_file=keyed.path) as ingress,
        hub(upstreams=to(ingress.port, token=token)) as edge,
    ):
        [upstream] = edge.server._upstreams.all
        await until(lambda: "another key" in upstream.reason)
        assert "televise token '*' --can relay" in upstream.reason
        assert edge.server.hub.channels == []
        described = await edge.json("/api/topology")
    assert token not in str(described)
    assert described["upstreams"][0]["state"] == "lost"


async def test_a_link_carries_only_channels_of_its_key(keyed: Keyed) -> None:
    token = keyed.token("door")
    async with hub(SMALL, key_file=keyed.path) as ingress:
        url = f"/api/link/cam?rendition={{}}&token={token}"
        async with ingress.get(url) as answer:
            assert answer.status == 403
