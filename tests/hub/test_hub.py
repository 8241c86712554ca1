"""The hub: channels by name."""

import asyncio

import pytest

from televise.errors import InputError, UnknownChannel
from televise.hub.hub import Hub
from televise.model.source import parse_source
from tests.support.process import is_alive
from tests.support.server import SMALL
from tests.support.waiting import until


async def test_channels_keep_their_order() -> None:
    hub = Hub([parse_source("b=pattern:"), parse_source("a=pattern:")])
    assert [channel.name for channel in hub.channels] == ["b", "a"]
    assert hub.channel("a").spec.text == "pattern:"


async def test_two_channels_of_one_name_are_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"named 'pattern'.*other=pattern:"):
        Hub([parse_source("pattern:"), parse_source("pattern:")])


async def test_the_advice_does_not_tell_a_password() -> None:
    camera = "rtsp://root:s3cr3t@camera/stream?token=s3cr3t"
    with pytest.raises(InputError) as caught:
        Hub([parse_source(camera), parse_source(camera)])
    assert "s3cr3t" not in str(caught.value)


async def test_an_unknown_channel_tells_of_others_apart_from_the_text() -> None:
    hub = Hub([parse_source("a=pattern:"), parse_source("b=pattern:")])
    with pytest.raises(UnknownChannel) as caught:
        hub.channel("c")
    assert (str(caught.value), caught.value.known) == ("no channel 'c'", ("a", "b"))


async def test_its_end_waits_for_channels_that_are_being_removed() -> None:
    hub = Hub([parse_source(f"cam={SMALL}")])
    channel = hub.channel("cam")
    channel.open()
    worker = await until(lambda: channel.worker)
    assert worker is not None
    removing = asyncio.create_task(hub.remove("cam"))
    await asyncio.sleep(0)
    assert not hub.has("cam")
    removing.cancel()
    await hub.close()
    assert not is_alive(worker)
