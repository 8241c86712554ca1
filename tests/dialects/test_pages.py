"""Pages of the originals' kind, in real browsers: a moving picture, whatever the source has."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.browser.support import Browser, Page
from tests.dialects.speaking import speaking

# Written after what is known of the originals' pages: none of them seeks, one waits for nothing.
# What is put in is the URL of the WebSocket, the codecs, the mode, and what else it does with it.
PAGE = """(() => {
  const media = new MediaSource();
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  window.errors = [];
  video.onerror = () => errors.push(video.error.message);
  media.onsourceopen = () => {
    const socket = new WebSocket("%(url)s");
    socket.binaryType = "arraybuffer";
    let buffer;
    const queue = [];
    const next = () => {
      if (queue.length && !buffer.updating) buffer.appendBuffer(queue.shift());
    };
    const add = (mime) => {
      buffer = media.addSourceBuffer(mime);
      buffer.mode = "%(mode)s";
      buffer.onupdateend = next;
    };
    if ("%(codecs)s") add('video/mp4; codecs="%(codecs)s"');
    socket.onopen = () => { const say = `%(say)s`; if (say) socket.send(say); %(beside)s };
    socket.onmessage = ({data}) => {
      try {
        if (typeof data === "string") {
          const {type, value} = JSON.parse(data);
          if (type === "mse") add(value);
          return;
        }
        const bytes = new Uint8Array(data);
        if (bytes[0] === 9) {
          const codecs = new TextDecoder().decode(bytes.slice(1));
          return add(`video/mp4; codecs="${codecs}"`);
        }
        if (%(waits)s) { queue.push(data); next(); } else buffer.appendBuffer(data);
        video.play().catch(() => {});
      } catch (error) { errors.push(String(error)); }
    };
  };
  video.src = URL.createObjectURL(media);
  return true;
})()"""
# go2rtc's player tries WebRTC beside mse, on the same socket.
WITH_OFFER = """
const pc = new RTCPeerConnection();
const send = (type, value) => socket.send(JSON.stringify({type, value}));
for (const kind of ["video", "audio"]) pc.addTransceiver(kind, {direction: "recvonly"});
pc.onicecandidate = ({candidate}) => send("webrtc/candidate", candidate?.candidate ?? "");
pc.createOffer().then(async (offer) => {
  await pc.setLocalDescription(offer);
  send("webrtc/offer", offer.sdp);
});
socket.addEventListener("message", ({data}) => {
  if (typeof data !== "string" || JSON.parse(data).type !== "error") return;
  window.refusal = JSON.parse(data).value;
  pc.close();
});
"""
MOVES = "document.querySelector('video')?.currentTime > 1.5"
FILMS = ["pattern:?size=320x240&fps=25&tone=440", "bigbuckbunny.mp4", "carphone_pristine.mp4"]
KINDS = {
    "websocketlivestream": ("/stream1", "avc1.64001F", "sequence", "true", ""),
    "berrymse": ("/websocket", "avc1.640028", "segments", "false", ""),
    "mse_demo": ("/ws/", "avc1.4D401F", "sequence", "true", ""),
    "plain": ("/", "avc1.64001F", "segments", "true", "hello"),
    "rtsptoweb": ("/stream/cam/channel/0/mse", "", "segments", "true", ""),
    "go2rtc": ("/api/ws", "", "segments", "true", '{"type":"mse","value":"avc1.640029,mp4a.40.2"}'),
}


@contextlib.asynccontextmanager
async def somewhere() -> AsyncIterator[str]:
    """The origin of a server with an empty page, as the original's own would be."""

    async def empty(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><body>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", empty)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


# Each with the pattern, and with one of the films.
WAITING = [name for name in KINDS if name != "berrymse"]
CASES = [(name, FILMS[0]) for name in WAITING]
CASES += [(name, FILMS[1 + number % 2]) for number, name in enumerate(WAITING)]


async def open_page(browser: Browser, origin: str, dialect: str, port: int) -> Page:
    """The page of that kind, served at ``origin``."""
    path, codecs, mode, waits, say = KINDS[dialect]
    page = await browser.open(origin)
    values = {"url": f"ws://127.0.0.1:{port}{path}", "codecs": codecs, "mode": mode}
    values |= {"waits": waits, "say": say, "beside": WITH_OFFER if dialect == "go2rtc" else ""}
    await page.evaluate(PAGE % values)
    return page


@pytest.mark.parametrize(("dialect", "film"), CASES)
async def test_the_pages_show_a_moving_picture(
    browser: Browser, dialect: str, film: str, clip: Callable[[str], Path]
) -> None:
    source = film if film.startswith("pattern") else str(clip(film))
    async with (
        somewhere() as origin,
        speaking(dialect, f"cam={source}", origins=[origin]) as it,
    ):
        page = await open_page(browser, origin, dialect, it.port)
        await page.until(MOVES, 30)
        assert await page.evaluate("errors") == []
        if dialect == "go2rtc":
            await page.until("window.refusal?.startsWith('webrtc/offer: ')", 20)


async def test_a_page_that_loses_what_comes_while_its_buffer_is_busy(browser: Browser) -> None:
    """That of berrymse stands still at the hole if it was much: on a loaded machine that comes
    sooner or later, nothing on the wire can help it, and whoever looks at it loads it anew."""
    async with (
        somewhere() as origin,
        speaking("berrymse", f"cam={FILMS[0]}", origins=[origin]) as it,
    ):
        moved = False
        for _ in range(5):
            page = await open_page(browser, origin, "berrymse", it.port)
            with contextlib.suppress(AssertionError):
                moved = await page.until(MOVES.replace("1.5", "0.2"), 10)
                break
        assert moved


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("websocketlivestream", "/stream1"),
        ("berrymse", "/"),
        ("mse_demo", "/"),
        ("plain", "/"),
        ("rtsptoweb", "/"),
        ("go2rtc", "/"),
        ("go2rtc", "/stream.html?src=cam"),
    ],
)
async def test_their_own_ports_have_a_page_that_plays(
    browser: Browser, dialect: str, path: str
) -> None:
    async with speaking(dialect, f"cam={FILMS[0]}") as it:
        page = await browser.open(f"http://127.0.0.1:{it.port}{path}")
        await page.until(MOVES, 30)
        assert not [line for line in page.console if line.startswith("error")]


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        (name, "/")
        for name in ("flask", "mjpg_streamer", "pistreaming", "jsmpeg_relay", "live_thumb")
    ],
)
async def test_pages_with_a_picture(browser: Browser, dialect: str, path: str) -> None:
    async with speaking(dialect) as it:
        page = await browser.open(f"http://127.0.0.1:{it.port}{path}")
        await page.until("document.querySelector('img').naturalWidth === 160", 20)
