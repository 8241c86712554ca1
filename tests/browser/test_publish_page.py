"""The page that publishes a camera from a browser, and what arrives of it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.cameras import CameraChromium, camera_firefox
from tests.browser.publishing import (
    PREVIEW,
    SAID,
    START,
    STATE,
    VIDEO,
    behind_proxy,
    choose,
    is_live,
    open_page,
    other_publisher,
    press,
)
from tests.browser.support import BROWSERS, Browser
from tests.conftest import Needs
from tests.ingest.publishers import Hub, publishable
from tests.support.server import SMALL
from tests.support.waiting import until


@pytest.fixture
async def chromium(needs: Needs) -> AsyncIterator[CameraChromium]:
    async with CameraChromium(needs(*BROWSERS["chromium"][0])) as running:
        yield running


@pytest.fixture(params=["chromium", "firefox"])
async def browser(request: pytest.FixtureRequest, needs: Needs) -> AsyncIterator[Browser]:
    program = needs(*BROWSERS[request.param][0])
    start = CameraChromium if request.param == "chromium" else camera_firefox
    async with start(program) as running:
        yield running


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with publishable(tmp_path, "cam=publish:", f"pattern={SMALL}") as running:
        yield running


async def test_a_camera_is_seen_at_its_full_rate(browser: Browser, hub: Hub) -> None:
    page = await open_page(browser, hub)
    await press(page)
    await is_live(page)
    rate = await page.evaluate(f"{VIDEO}.srcObject.getVideoTracks()[0].getSettings().frameRate")
    async with hub.tv.told("/cam.mp4") as viewer:
        times: list[float] = []
        while len(times) < 3 * rate:
            frame = await viewer.frame()
            if frame.opcode == 1 and frame.json["type"] == "chunk":
                times += [frame.json["pts"]] if frame.json["track"] == "video" else []
    # The browser of a busy machine encodes fewer than its camera gives; never more.
    assert 0.4 * rate < (len(times) - 1) / (times[-1] - times[0]) < 1.2 * rate
    await page.until("document.querySelector('[data-viewers]').textContent === '0 viewers'")
    assert not [line for line in page.console if line.startswith("error")]


async def test_h264_is_passed_on_untouched(chromium: CameraChromium, hub: Hub) -> None:
    page = await open_page(chromium, hub)
    await press(page)
    await is_live(page)
    picture, sound = (await hub.tv.json("/api/channels/cam"))["tracks"]
    assert (picture["codec"], picture["delivery"]) == ("h264", "passthrough")
    assert sound["codec"] == "opus"


async def test_the_key_stays_out_of_the_document(browser: Browser, hub: Hub) -> None:
    token = hub.token()
    page = await open_page(browser, hub, token=token)
    address, text = await page.evaluate("[location.href, document.documentElement.outerHTML]")
    assert address == f"http://{hub.tv.authority}/cam/publish"
    assert token not in text


async def test_a_key_that_is_not_valid_is_told_and_not_tried_again(
    browser: Browser, hub: Hub
) -> None:
    page = await open_page(browser, hub, token=hub.token("door"))
    await press(page)
    await page.until(f"{SAID} === 'this key does not allow to publish cam'")
    assert await page.evaluate(f"{STATE} === 'offline' && {START}.textContent === 'Start'")
    assert hub.tv.channel().publisher is None


async def test_where_somebody_publishes_already_the_page_waits(browser: Browser, hub: Hub) -> None:
    page = await open_page(browser, hub)
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}"):
        first = await other_publisher(hub, None)
        await press(page)
        await page.until(f"{SAID}.startsWith('somebody publishes cam already')")
        assert hub.tv.channel().publisher is first
    await is_live(page)
    assert await page.evaluate(SAID) == ""


async def test_stop_and_the_end_of_the_preview(browser: Browser, hub: Hub) -> None:
    page = await open_page(browser, hub)
    await press(page)
    await is_live(page)
    await press(page)
    await hub.is_free()
    await until(lambda: hub.tv.channel().text == "the publisher has gone")
    assert await page.evaluate(f"{STATE} === 'offline' && {VIDEO}.srcObject.active")
    await page.evaluate(f"(() => {{ window.stream = {VIDEO}.srcObject; }})()")
    await press(page, PREVIEW)
    await page.until(f"!window.stream.active && {VIDEO}.srcObject === null")


async def test_nothing_is_sent_before_start(browser: Browser, hub: Hub) -> None:
    page = await open_page(browser, hub)
    await press(page, PREVIEW)
    await page.until(f"{VIDEO}.videoWidth > 0")
    assert await page.evaluate(f"{VIDEO}.muted")
    assert hub.tv.channel().publisher is None


async def test_who_leaves_the_page_frees_the_seat(browser: Browser, hub: Hub) -> None:
    page = await open_page(browser, hub)
    await press(page)
    await is_live(page)
    await page.close()
    await hub.is_free()


async def test_a_cut_line_is_taken_up_again(browser: Browser, tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as (proxy, hub):
        page = await browser.open(f"{proxy.url}/cam/publish?token={hub.token()}")
        await page.until(f"!{START}.disabled")
        await press(page)
        await is_live(page)
        before = await other_publisher(hub, None)
        proxy.cut("Upgrade: websocket")
        proxy.mend()
        assert proxy.cut_connections == 1
        await other_publisher(hub, before)
        await is_live(page)
        await until(lambda: hub.tv.channel().state == "live")


async def test_another_size_takes_effect_at_once(browser: Browser, hub: Hub) -> None:
    page = await open_page(browser, hub)
    await press(page)
    await is_live(page)
    before = await other_publisher(hub, None)
    assert hub.tv.channel().tracks[0].height == 360
    await choose(page, "size", "720")
    await other_publisher(hub, before)
    await until(lambda: [each.height for each in hub.tv.channel().tracks][:1] == [720])
    await is_live(page)


async def test_what_has_waited_too_long_is_left_out(
    needs: Needs, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "noise.y4m"
    # Noise is more than the buffers on the way can hold for long.
    film.write_bytes(b"YUV4MPEG2 W1280 H720 F20:1\n" + 5 * (b"FRAME\n" + os.urandom(1382400)))
    async with CameraChromium(needs(*BROWSERS["chromium"][0]), film) as chromium:
        page = await open_page(chromium, hub)
        await choose(page, "size", "720")
        await press(page)
        await is_live(page)
        before = await other_publisher(hub, None)
        # The hub reads no further: as if its worker did not follow.
        monkeypatch.setattr(before, "taken", lambda count: None)
        before.writable.clear()
        await page.until(f"{STATE} === 'connecting'", 60)
        assert hub.tv.channel().publisher is before
        before.writable.set()
        await other_publisher(hub, before)
        await is_live(page)


async def test_without_a_key_the_page_says_how_to_get_one(browser: Browser, hub: Hub) -> None:
    page = await browser.open(f"http://{hub.tv.authority}/cam/publish")
    await page.until(f"{SAID}.includes('televise token cam')")
    assert await page.evaluate(f"{START}.disabled && {PREVIEW}.disabled")


async def test_by_plain_http_the_page_says_what_is_missing(
    browser: Browser, tmp_path: Path
) -> None:
    async with behind_proxy(tmp_path, "tv.test") as (proxy, hub):
        page = await browser.open(f"http://tv.test:{proxy.port}/cam/publish?token={hub.token()}")
        await page.until(f"{SAID}.startsWith('Browsers open cameras only by HTTPS')")
        assert await page.evaluate(f"{START}.disabled")


async def test_a_channel_with_a_source_of_its_own_says_so(browser: Browser, hub: Hub) -> None:
    page = await browser.open(hub.url("/pattern/publish"))
    title, links = await page.evaluate(
        "[document.querySelector('h1').textContent,"
        "[...document.querySelectorAll('a')].map(each => each.href)]"
    )
    assert title == "pattern is not for publishing"
    root = f"http://{hub.tv.authority}/"
    assert links == [root, f"{root}pattern"]


async def test_pages_of_missing_channels_lead_back(browser: Browser, hub: Hub) -> None:
    await hub.tv.is_live("pattern")  # channels without pictures are not offered
    page = await browser.open(hub.url("/attic/publish"))
    addresses = await page.evaluate("[...document.querySelectorAll('a')].map(each => each.href)")
    root = f"http://{hub.tv.authority}/"
    assert addresses == [root, f"{root}pattern"]


async def test_a_channel_is_made_where_that_is_allowed(browser: Browser, tmp_path: Path) -> None:
    async with publishable(tmp_path, f"pattern={SMALL}", new_channels=True) as hub:
        page = await open_page(browser, hub, "/door/publish", hub.token("door"))
        await press(page)
        await is_live(page)
        assert hub.tv.channel("door").state == "live"


async def test_a_phone_has_two_cameras(chromium: CameraChromium, hub: Hub) -> None:
    page = await chromium.open_on_phone(hub.url("/cam/publish"))
    await page.until(f"!{START}.disabled")
    options = "[...document.querySelector('[name=picture]').options].map(each => each.label)"
    assert (await page.evaluate(options))[:2] == ["Front camera", "Back camera"]
    await press(page)
    await is_live(page)
    before = await other_publisher(hub, None)
    await choose(page, "picture", "environment")
    await other_publisher(hub, before)
    await is_live(page)


async def test_a_screen_is_published(chromium: CameraChromium, hub: Hub) -> None:
    page = await open_page(chromium, hub)
    await choose(page, "picture", "screen")
    await choose(page, "sound", "none")
    await press(page)
    await is_live(page)
    assert [track.kind for track in hub.tv.channel().tracks] == ["video"]
