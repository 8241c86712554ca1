"""Unreached: why nobody was reached at an address, in a few words, and what helps."""

import os
import socket
import ssl

import aiohttp

_NO_SUCH_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


def unreached(error: BaseException, *, secure: bool) -> str:
    """``error`` is what aiohttp raised when it connected, by TLS where it is ``secure``."""
    if not secure and isinstance(error, aiohttp.ServerDisconnectedError):
        return "it has closed the connection: if it speaks TLS, write wss:// or https://"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _in_words(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _in_words(error.os_error)
    return _in_words(error)


def _in_words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        if error.reason == "WRONG_VERSION_NUMBER":
            return "it does not speak TLS: write ws:// or http://"
        return f"it does not agree about TLS: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        if error.errno in _NO_SUCH_NAME:
            return "there is no machine of this name"
        return f"its name cannot be looked up: {(error.strerror or str(error)).lower()}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error) or "no answer in time"
