"""Endings: why a connection to an upstream has ended, or was never made, in one line."""

import aiohttp

from televise.link.unreached import unreached


def explained(error: BaseException, url: str) -> str:
    """Why it cannot be reached at ``url``, and what helps."""
    secure = url.startswith("wss:")
    if isinstance(error, aiohttp.WSServerHandshakeError):
        if error.status == 403 and secure:
            return "it wants a certificate of ours (see --upstream-cert), or another key"
        if error.status in (401, 403):
            return "it wants another key: televise token '*' --can relay makes one there"
        if error.status == 421:
            return "it does not know that name of its own: it needs --origin with its URL"
        return f"it answers {error.status}: is it a televise hub?"
    return unreached(error, secure=secure)


def ending(message: aiohttp.WSMessage) -> str:
    """Why no more comes."""
    if message.type == aiohttp.WSMsgType.CLOSE and message.extra:
        return str(message.extra)[:123]
    if message.type == aiohttp.WSMsgType.ERROR:
        return str(message.data)[:200]
    return "it has closed the connection"
