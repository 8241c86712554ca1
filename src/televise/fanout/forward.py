"""Forward: a fan-out process hands a request on to its hub, and brings the answer back."""

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from televise.errors import TeleviseError, Unavailable
from televise.fanout.handed import who_asks
from televise.model import refusals
from televise.web.sockets import Masked

# Of one connection and not of a request (RFC 9110 section 7.6.1), or made anew for the next one.
_HOP = {
    each.lower()
    for each in (
        *(hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.TE, hdrs.TRAILER, hdrs.TRANSFER_ENCODING),
        *(hdrs.UPGRADE, hdrs.EXPECT, "Proxy-Connection"),
        *(hdrs.SEC_WEBSOCKET_KEY, hdrs.SEC_WEBSOCKET_VERSION, hdrs.SEC_WEBSOCKET_EXTENSIONS),
        *(hdrs.SEC_WEBSOCKET_PROTOCOL, hdrs.SEC_WEBSOCKET_ACCEPT),
    )
}
_OURS = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
# What the hub says in one message, to whom it says most.
MAX_MESSAGE_BYTES = 17 << 20
PING_SECONDS = 10.0
CLOSE_SECONDS = 1.0
_DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
# It may not be sent (RFC 6455 section 7.4.1): the other side has gone without a word.
_ABNORMAL, _GOING_AWAY = 1006, 1001


async def forward(
    request: web.Request, session: aiohttp.ClientSession, most: int
) -> web.StreamResponse:
    """The hub's answer; a message to it may have ``most`` bytes. Unavailable where it cannot be
    asked."""
    url = URL(f"http://hub{request.rel_url.raw_path_qs}", encoded=True)
    headers = _passed(request.headers)
    headers.update(who_asks(request))
    try:
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await _forward_socket(request, session, url, headers, most)
        return await _forward_request(request, session, url, headers)
    except (aiohttp.ClientConnectionError, TimeoutError):
        if isinstance(problem := request.content.exception(), TeleviseError):
            raise problem from None  # its own body is to blame, and not the hub
        raise Unavailable("the hub cannot be asked now") from None


def _passed(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP)


async def _forward_request(
    request: web.Request, session: aiohttp.ClientSession, url: URL, headers: CIMultiDict[str]
) -> web.StreamResponse:
    body = request.content.iter_any() if request.can_read_body else None
    async with session.request(
        request.method,
        url,
        headers=headers,
        data=body,
        # Else the client waits for the first byte of a publisher before it says that there is one.
        expect100=body is not None,
        skip_auto_headers=_OURS,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=None),
    ) as theirs:
        answer = web.StreamResponse(status=theirs.status, reason=theirs.reason)
        answer.headers.extend(_passed(theirs.headers))
        await answer.prepare(request)
        if request.method != hdrs.METH_HEAD:
            async for data in theirs.content.iter_any():
                await answer.write(data)
        await answer.write_eof()
    return answer


async def _forward_socket(
    request: web.Request,
    session: aiohttp.ClientSession,
    url: URL,
    headers: CIMultiDict[str],
    most: int,
) -> web.StreamResponse:
    asked = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
    protocols = [each.strip() for each in asked.split(",") if each.strip()]
    try:
        theirs = await session.ws_connect(
            url,
            headers=headers,
            protocols=protocols,
            compress=0,
            max_msg_size=MAX_MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
        )
    except aiohttp.WSServerHandshakeError as error:
        return web.Response(status=error.status, text=f"{error.message}\n")
    async with theirs:
        granted = [theirs.protocol] if theirs.protocol else []
        ours = Masked(
            protocols=granted,
            compress=False,
            # What is longer must not be begun: the hub would end the connection in its middle.
            max_msg_size=most + 1,
            heartbeat=PING_SECONDS,
            timeout=CLOSE_SECONDS,
        )
        await ours.prepare(request)
        ways = [asyncio.create_task(_copy(ours, theirs)), asyncio.create_task(_copy(theirs, ours))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
    refusals.counts["message_megabytes"] += ours.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    return ours


_Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


async def _copy(source: _Socket, target: _Socket) -> None:
    """All messages, and then the close with its code and reason."""
    reason = b""
    while (message := await source.receive()).type in _DATA:
        if message.type == aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
        else:
            await target.send_bytes(message.data)
    if message.type == aiohttp.WSMsgType.CLOSE and message.extra:
        reason = str(message.extra).encode()
    code = source.close_code or _GOING_AWAY
    await target.close(code=_GOING_AWAY if code == _ABNORMAL else code, message=reason)
