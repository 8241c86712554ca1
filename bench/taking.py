"""Taking: a client that takes packets from a hub as another hub does."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bench.hub import Hub
from televise.link.messages import Media
from televise.link.protocol import Receiver
from televise.model.packet import Packet


async def take(
    session: aiohttp.ClientSession,
    hub: Hub,
    rendition: Mapping[str, Any],
    note: Callable[[Packet], None],
) -> None:
    """``note`` each packet of channel ``cam``, for ever; the hub may not have it yet."""
    url = f"{hub.url}/api/link/cam?{urlencode({'rendition': json.dumps(rendition)})}"
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.ws_connect(url, max_msg_size=0) as websocket:
                receiver = Receiver("provider")
                async for message in websocket:
                    for each in receiver.feed(message.data):
                        if isinstance(each, Media):
                            note(each.packet)
        await asyncio.sleep(0.2)
