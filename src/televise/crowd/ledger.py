"""Ledger: what the hub says of one that watches over HTTP, and asks on another connection."""

import asyncio
import json
import secrets
import ssl
from dataclasses import replace
from typing import Any

from televise.crowd.wire import Address

MAX_BYTES = 65_536


def identifier() -> str:
    """What a viewer calls itself there; nobody else can guess it."""
    return secrets.token_urlsafe(24)


async def ask(address: Address) -> dict[str, Any] | None:
    """The account of the viewer that ``address`` names; None where the hub has none (any more)."""
    root = address.path.partition("?")[0].rpartition("/")[0]
    place = replace(address, path=f"{root}/api/viewers/{address.viewer}", viewer="", last=True)
    try:
        status, body = await _answer(place)
        account = json.loads(body) if status == b"200" else None
        return account if isinstance(account, dict) else None
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError):
        return None


async def _answer(address: Address) -> tuple[bytes, bytes]:
    """Status and body of an answer that ends with its connection."""
    context = ssl.create_default_context() if address.secure else None
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    try:
        writer.write(address.request)
        answer = await reader.read(MAX_BYTES)
        while more := await reader.read(MAX_BYTES - len(answer)):
            answer += more
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split()[1], body
