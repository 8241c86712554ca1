"""Seats: channels that publishers make, and what becomes of them."""

from pathlib import Path

import pytest

from televise.errors import LimitReached, UnknownChannel
from televise.hub.hub import Hub
from televise.model.source import parse_source
from televise.web import seats
from televise.web.seats import Seats
from televise.web.trust.keys import Grant, Keys
from tests.support.waiting import until


def token(keys: Keys, channel: str = "*") -> str:
    return keys.sign(Grant(channel, "publish"), 60)


async def test_a_channel_is_made_where_that_is_allowed(tmp_path: Path) -> None:
    keys, hub = Keys(tmp_path / "key"), Hub()
    with pytest.raises(UnknownChannel):
        Seats(hub, keys, new_channels=False).take("new", token(keys), "here", "mpegts")
    publishing = Seats(hub, keys, new_channels=True).take("new", token(keys), "here", "mpegts")
    assert hub.channel("new").publisher is publishing
    await hub.close()


async def test_a_bad_key_is_a_publisher_s_where_one_could_publish(tmp_path: Path) -> None:
    keys, hub = Keys(tmp_path / "key"), Hub()
    hub.add(parse_source("cam=pattern:"))
    hub.add(parse_source("live=publish:"))
    for new_channels in (False, True):
        made = Seats(hub, keys, new_channels=new_channels)
        asked = [made.is_for_publishing(name, "nonsense") for name in ("cam", "live", "new")]
        assert asked == [False, True, new_channels]
        assert all(made.is_for_publishing(name, token(keys)) for name in ("cam", "live", "new"))
    await hub.close()


async def test_there_are_not_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "MAX_NEW_CHANNELS", 2)
    keys, hub = Keys(tmp_path / "key"), Hub()
    made = Seats(hub, keys, new_channels=True)
    for name in ("one", "two"):
        made.take(name, token(keys), "here", "mpegts")
    with pytest.raises(LimitReached, match="made 2 channels already"):
        made.take("three", token(keys), "here", "mpegts")
    await hub.close()


async def test_so_many_publish_and_another_may_only_take_a_place_over(tmp_path: Path) -> None:
    keys, hub = Keys(tmp_path / "key"), Hub()
    made = Seats(hub, keys, new_channels=True)
    made.max_publishers = 1
    first = made.take("one", token(keys), "here", "mpegts")
    with pytest.raises(LimitReached, match="1 publish here already"):
        made.take("two", token(keys), "here", "mpegts")
    key = keys.sign(Grant("*", "publish", take_over=True), 60)
    second = made.take("one", key, "here", "mpegts", take_over=True)
    assert first.problem is not None
    second.close()
    made.take("two", token(keys), "here", "mpegts")
    await hub.close()


async def test_viewers_with_keys_take_no_publisher_s_place(tmp_path: Path) -> None:
    keys, hub = Keys(tmp_path / "key"), Hub()
    made = Seats(hub, keys, new_channels=True)
    made.max_publishers = 1
    with made.visits.visit([Grant("one", "view", until=1 << 32)], lambda reason: None):
        assert made.take("one", token(keys), "here", "mpegts").id
    await hub.close()


async def test_one_that_nobody_uses_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "UNUSED_SECONDS", 0.05)
    keys, hub = Keys(tmp_path / "key"), Hub()
    made = Seats(hub, keys, new_channels=True)
    publishing = made.take("new", token(keys), "here", "mpegts")
    await until(lambda: hub.channel("new").worker is not None)
    publishing.close()
    await until(lambda: not hub.has("new"))
    assert made.take("new", token(keys), "here", "mpegts").id
    await hub.close()
