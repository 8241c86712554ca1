"""A page for a browser to open, that tells what this browser can show."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from televise.doctor.finding import Finding, note, ok, wrong
from televise.doctor.patient import ANSWER_SECONDS, Patient
from televise.errors import InputError

NAME = "browser"
WAIT_SECONDS = 300.0
MAX_REPORT_BYTES = 16_384
# What televise makes itself: High, 4:2:0, and AAC-LC.
USUAL = 'video/mp4; codecs="avc1.64001f,mp4a.40.2"'
_FIX_MIME = (
    "let the source send 8-bit H.264 4:2:0 (Main or High), or give a rendition, as in ?h=720: "
    "that is encoded anew"
)
_PAGE = """\
<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>televise doctor</title>
<style>body { font: 1.1rem/1.5 sans-serif; margin: 3rem auto; max-width: 32rem }</style>
<h1>televise doctor</h1>
<p id="said"><noscript>Without JavaScript a browser shows MJPEG, or GIF: nothing to
examine.</noscript></p>
<script>
const mimes = MIMES;
const source = globalThis.MediaSource ?? globalThis.ManagedMediaSource;
const plays = (mime) => [mime, source.isTypeSupported(mime)];
const report = {
  agent: navigator.userAgent,
  secure: isSecureContext,
  webcodecs: "VideoDecoder" in globalThis,
  mse: source ? Object.fromEntries(mimes.map(plays)) : null,
};
fetch(location.href, { method: "POST", body: JSON.stringify(report) }).then(
  () => { said.textContent = "Thank you: the doctor has what it needs. You may close this page."; },
  () => { said.textContent = "The doctor has gone: run televise doctor --browser again."; },
);
</script>
"""


async def mimes_of(patient: Patient) -> dict[str, str]:
    """What browsers are told of each channel's MP4, by name."""
    found = {}
    for channel in patient.channels:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async with patient.socket(f"/{channel['name']}.mp4") as websocket:
                    found[str(channel["name"])] = await _mime(websocket)
        except (aiohttp.ClientError, TimeoutError):
            continue  # other checks say why
    return {name: mime for name, mime in found.items() if mime}


async def _mime(websocket: aiohttp.ClientWebSocketResponse) -> str:
    async for message in websocket:
        if message.type == aiohttp.WSMsgType.TEXT:
            said = json.loads(message.data)
            if said["type"] == "init":
                return str(said["mime"])
    return ""


async def examine_browser(
    host: str, port: int, mimes: Mapping[str, str], tell: Callable[[str], None]
) -> list[Finding]:
    """Serve the page until a browser has opened it; ``tell`` hears its address. InputError."""
    reported: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    async with _serving(host, port, [USUAL, *mimes.values()], reported) as url:
        tell(url)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return of_report(await reported, mimes)
        except TimeoutError:
            return [wrong("no browser came", f"open the page that is named; try {host} from there")]


def of_report(report: Any, mimes: Mapping[str, str]) -> list[Finding]:
    """What a browser has told, which may be anything."""
    if not isinstance(report, dict) or not isinstance(report.get("mse", {}), dict | None):
        return [wrong("what came is no report of our page", "open the page in a browser")]
    agent = "".join(each for each in str(report.get("agent"))[:200] if each.isprintable())
    return [ok(agent), *_of_mse(report.get("mse"), mimes), *_of_codecs(report)]


def _of_mse(mse: Mapping[str, Any] | None, mimes: Mapping[str, str]) -> list[Finding]:
    if mse is None:
        return [note("it has no Media Source Extensions: it shows MPEG-1, MJPEG or GIF")]
    if not mse.get(USUAL):
        return [
            note("it plays no H.264 with AAC: it shows MPEG-1, MJPEG or GIF", "another browser")
        ]
    refused = [name for name, mime in mimes.items() if not mse.get(mime)]
    return [ok("it plays H.264 with AAC")] + [
        wrong(f"it does not play {name} as it is: {mimes[name]}", _FIX_MIME) for name in refused
    ]


def _of_codecs(report: Mapping[str, Any]) -> list[Finding]:
    if report.get("webcodecs"):
        return [ok("it has WebCodecs")]
    if not report.get("secure"):
        return [note("no WebCodecs and no camera: pages must come by https or from localhost")]
    return [note("it has no WebCodecs")]


@asynccontextmanager
async def _serving(
    host: str, port: int, mimes: Sequence[str], reported: "asyncio.Future[Any]"
) -> AsyncIterator[str]:
    """The page's address: with a secret in it, so that nobody else's page reports."""
    app, path = web.Application(client_max_size=MAX_REPORT_BYTES), f"/{secrets.token_urlsafe(9)}"

    async def page(request: web.Request) -> web.Response:
        text = _PAGE.replace("MIMES", json.dumps(mimes).replace("<", "\\u003c"))
        return web.Response(text=text, content_type="text/html")

    async def report(request: web.Request) -> web.Response:
        try:
            said = await request.json()
        except ValueError:
            raise web.HTTPBadRequest(text="not JSON\n") from None
        if not reported.done():
            reported.set_result(said)
        return web.Response(status=204)

    app.router.add_get(path, page)
    app.router.add_post(path, report)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        listening = runner.addresses[0]
        yield f"http://{f'[{host}]' if ':' in host else host}:{listening[1]}{path}"
    except OSError as error:
        raise InputError(
            f"--browser {host}:{port}: cannot listen there: {error.strerror}"
        ) from None
    finally:
        await runner.cleanup()
