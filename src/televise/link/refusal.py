"""Refusal: what a hub says where it does not give what it was asked for."""

import contextlib
import json

import aiohttp

_MOST = 300


async def reason(answer: aiohttp.ClientResponse) -> str:
    """One line of it."""
    text = (await answer.content.read(_MOST + 1)).decode("utf-8", "replace").strip()
    with contextlib.suppress(ValueError, KeyError, TypeError):
        text = str(json.loads(text)["error"])
    useless = not text or len(text) > _MOST or "\n" in text or not text.isprintable()
    return f"it answers {answer.status}" if useless else text
