"""Endings: why a connection to an upstream has ended, or was never made, in one line."""

import os

import aiohttp


def explained(error: BaseException) -> str:
    """Why it cannot be reached, and what helps."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        if error.status in (401, 403):
            return "it wants another key: televise token '*' --can relay makes one there"
        if error.status == 421:
            return "it does not know that name of its own: it needs --origin with its URL"
        return f"it answers {error.status}: is it a televise hub?"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not to be trusted: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return os.strerror(error.os_error.errno).lower()
    return str(error) or "no answer in time"


def ending(message: aiohttp.WSMessage) -> str:
    """Why no more comes."""
    if message.type == aiohttp.WSMsgType.CLOSE and message.extra:
        return str(message.extra)[:123]
    if message.type == aiohttp.WSMsgType.ERROR:
        return str(message.data)[:200]
    return "it has closed the connection"
