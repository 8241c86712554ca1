"""watch: the pictures of a channel, for a Python program that is a viewer."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from yarl import URL

from televise.errors import (
    Forbidden,
    InputError,
    PeerError,
    Unauthorized,
    Unavailable,
    UnknownChannel,
)
from televise.formats.strict_json import parse_json
from televise.link.refusal import reason
from televise.link.unreached import unreached
from televise.model.backoff import Backoff
from televise.model.hub_url import parse_hub_url
from televise.model.packet import Packet

FORMATS = ("mjpg", "mp4")
_SUBPROTOCOL = "televise.v1"
EXAMPLE = "ws://hub:8080/cam"
# `Packet.pts` and `dts` count in this: per second.
TIMESCALE = 90_000
_HEARTBEAT_SECONDS = 10.0
_REASON_TIMEOUT = aiohttp.ClientTimeout(total=5)
_REFUSALS = {400: InputError, 401: Unauthorized, 403: Forbidden, 404: UnknownChannel}


async def watch(url: str, format: str = "mjpg", *, token: str = "") -> AsyncIterator[Packet]:
    """Every packet of the channel at ``url`` (``ws://hub:8080/cam``), as it comes, without end.

    ``format`` is "mjpg": each packet is a JPEG; or "mp4": each is a fragment, the first of every
    epoch with the init segment before it, so that all of them in a row are an MP4. Options of a
    rendition may stand in the URL (``?w=320&fps=5``). A packet's ``pts`` counts in 1/90000 s,
    ``captured`` in Unix nanoseconds. Who takes packets too slowly misses some, and no more than
    that. Where the connection breaks it is made again.

    InputError for a bad URL or option, UnknownChannel, Unauthorized, Forbidden; Unavailable where
    there is no hub at first.
    """
    address = _address(url, format)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    backoff, was_there = Backoff(), False
    async with aiohttp.ClientSession(headers=headers) as session:
        while True:
            try:
                async with session.ws_connect(
                    address,
                    protocols=(_SUBPROTOCOL,),
                    heartbeat=_HEARTBEAT_SECONDS,
                    max_msg_size=0,
                ) as stream:
                    was_there = True
                    async for packet in _packets(stream):
                        backoff.reset()
                        yield packet
            except aiohttp.WSServerHandshakeError as error:
                await _raise_refusal(session, address, error.status, url)
            except (aiohttp.ClientError, OSError) as error:
                if not was_there:
                    why = unreached(error, secure=address.scheme == "https")
                    raise Unavailable(f"{_shown(url)}: no hub answers there: {why}") from None
            await asyncio.sleep(backoff.next(random.random()))


def _address(url: str, format: str) -> URL:
    """Of the WebSocket that has it. InputError."""
    if format not in FORMATS:
        raise InputError(f"format={format!r}: one of {', '.join(FORMATS)}")
    place = parse_hub_url(url, EXAMPLE)
    name = place.path.rpartition("/")[2]
    if not name or "." in name:
        raise InputError(f"{place.ws}: write it as in {EXAMPLE}")
    query = [*place.query, *([("token", place.token)] if place.token else [])]
    return URL(f"{place.http}.{format}").with_query(query)


async def _raise_refusal(
    session: aiohttp.ClientSession, address: URL, status: int, url: str
) -> None:
    """What is the same when it is asked again is raised, with the reason: of the answer to a
    handshake aiohttp keeps the status alone, so it is asked once more without."""
    if kind := _REFUSALS.get(status):
        told = f"the hub answers {status}"
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with session.get(address, timeout=_REASON_TIMEOUT) as answer:
                told = await reason(answer) if answer.status == status else told
        raise kind(f"{_shown(url)}: {told}") from None


def _shown(url: str) -> str:
    """Without its query, in which there may be a key."""
    return url.partition("?")[0]


async def _packets(stream: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Packet]:
    """The packets of one connection: a text says what the binary message after it is."""
    said: dict[str, Any] = {}
    init = b""
    async for message in stream:
        if message.type == aiohttp.WSMsgType.TEXT:
            told = _told(message.data)
            said = told if told.get("type") in ("init", "chunk") else said
            init = b"" if told.get("type") == "init" else init
        elif message.type == aiohttp.WSMsgType.BINARY and said.get("type") == "init":
            init = message.data
        elif message.type == aiohttp.WSMsgType.BINARY and said:
            yield _packet(said, init + message.data)
            init = b""


def _told(text: str) -> dict[str, Any]:
    told = parse_json(text)
    if not isinstance(told, dict):
        raise PeerError(f"what the hub says is not {_SUBPROTOCOL}")
    return told


def _packet(said: dict[str, Any], data: bytes) -> Packet:
    try:
        ticks = round(said["pts"] * TIMESCALE)
        return Packet(
            track=0 if said["track"] == "video" else 1,
            epoch=said["epoch"],
            sequence=said["sequence"],
            data=data,
            pts=ticks,
            dts=ticks,
            duration=0,
            keyframe=said["keyframe"],
            captured=round(said["captured"] * 1_000_000),
            seconds=said["pts"],
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise PeerError(f"what the hub says is not {_SUBPROTOCOL}: {error!r}") from error
