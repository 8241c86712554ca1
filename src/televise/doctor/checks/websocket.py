"""Whether a page of this hub can open a WebSocket to it."""

import asyncio

import aiohttp

from televise.doctor.finding import Finding, ok, wrong
from televise.doctor.patient import ANSWER_SECONDS, THUMBNAIL, Patient

NAME = "websocket"
_FIX_UPGRADE = (
    "nginx: proxy_http_version 1.1, and proxy_set_header for Upgrade and Connection "
    "(deploy/nginx); Caddy and HAProxy need nothing; others: let Upgrade pass"
)


async def examine(patient: Patient) -> list[Finding]:
    """Asked for as a browser does, with the Origin of the page."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with patient.socket(f"/{patient.name}.mjpg", **THUMBNAIL) as websocket:
                if websocket.protocol is None or not await _hello(websocket):
                    return [_dropped(patient)]
    except aiohttp.WSServerHandshakeError as error:
        return [_refused(patient, error.status)]
    except TimeoutError:
        return [wrong("the WebSocket opens, and nothing comes through it", _FIX_UPGRADE)]
    return [ok("pages can open WebSockets")]


async def _hello(websocket: aiohttp.ClientWebSocketResponse) -> bool:
    return (await websocket.receive()).type == aiohttp.WSMsgType.TEXT


def _dropped(patient: Patient) -> Finding:
    return wrong(
        f"{patient.between} leaves out Sec-WebSocket-Protocol: players hear nothing of the stream",
        "let that header pass, both ways",
    )


def _refused(patient: Patient, status: int) -> Finding:
    if status == 403:
        return wrong(
            f"pages of {patient.origin} may not open WebSockets here (403)",
            f"televise serve --origin {patient.origin}; and the proxy must pass Host on",
        )
    if status == 401:
        return wrong("a key is wanted (401)", "add ?token=KEY: televise token makes one")
    if status == 503:
        return wrong("no WebSocket is to be had now (503)", "see what the hub's log says of limits")
    return wrong(
        f"{patient.between} does not let WebSockets through: it answers {status}", _FIX_UPGRADE
    )
