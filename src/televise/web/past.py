"""Past: what is asked for when somebody looks back, and the answer in one piece."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiohttp import web

from televise.errors import InputError
from televise.hub.channel import Channel
from televise.hub.look_back import LookBack
from televise.hub.policy import MAX_REPLAY_SECONDS
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.web.edge import Edge
from televise.web.leaving import leaving

MAX_LENGTH_SECONDS = 60.0
WAIT_SECONDS = 30.0
_PER_SECOND = {"s": 1, "ms": 1000}


@dataclass(frozen=True, slots=True)
class Past:
    """``length`` seconds that began so many seconds ``ago``; no length is one picture."""

    ago: float
    length: float = 0.0


def parse_past(query: Mapping[str, str]) -> Past | None:
    """``t=-8s&d=8s``, or ``timestamp=`` in Unix seconds; None where the present is asked for."""
    if "timestamp" in query:
        ago = time.time() - _number("timestamp", query["timestamp"], "Unix seconds")
        _check("timestamp", query["timestamp"], ago)
        return Past(max(0.0, ago), _length(query))
    if "t" not in query:
        return None
    text = query["t"]
    if not text.startswith("-") or not text.endswith("s"):
        raise InputError(f"t={text[:40]!a}: how long ago, with its unit, as in t=-30s")
    ago = _seconds("t", text[1:])
    _check("t", text, ago)
    return Past(ago, _length(query))


def parse_clip(query: Mapping[str, str]) -> Past | None:
    """The same where only a film will do: it has a length."""
    past = parse_past(query)
    if past is not None and not past.length:
        raise InputError("a clip needs its length too, as in t=-8s&d=8s")
    return past


def whole(body: bytes, content_type: str) -> web.Response:
    """An answer that has an end."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type=content_type, headers=headers)


async def look_back(
    edge: Edge,
    request: web.Request,
    rendition: Rendition,
    past: Past,
    channel: Channel | None = None,
) -> LookBack:
    """That part of the channel in the URL, if there is no other. Unavailable, UnknownChannel,
    LimitReached."""
    channel = channel or edge.hub.channel(request.match_info["name"])
    async with edge.admitted(request):
        look = channel.look_back(rendition, past.ago, past.length)
        with leaving(request, look.leave):
            await look.wait(WAIT_SECONDS)
    return look


def from_zero(look: LookBack) -> list[Packet]:
    """Its packets, in media time that begins at zero."""
    scales = [track.timescale for track in look.tracks]
    start = min(packet.dts / scales[packet.track] for packet in look.packets)
    return [_moved(packet, round(start * scales[packet.track])) for packet in look.packets]


def _moved(packet: Packet, ticks: int) -> Packet:
    return replace(packet, pts=packet.pts - ticks, dts=max(0, packet.dts - ticks))


def _length(query: Mapping[str, str]) -> float:
    if "d" not in query:
        return 0.0
    length = _seconds("d", query["d"])
    if not 0 < length <= MAX_LENGTH_SECONDS:
        raise InputError(f"d={query['d'][:40]}: from 1s to {MAX_LENGTH_SECONDS:.0f}s, as in d=8s")
    return length


def _check(key: str, text: str, ago: float) -> None:
    if not -1.0 <= ago <= MAX_REPLAY_SECONDS:
        raise InputError(f"{key}={text[:40]}: at most {MAX_REPLAY_SECONDS} s ago, as in t=-30s")


def _seconds(key: str, text: str) -> float:
    unit = "ms" if text.endswith("ms") else "s"
    number = text.removesuffix(unit) if text.endswith(unit) else ""
    return _number(key, number, f"a time with its unit, as in {key}=8s") / _PER_SECOND[unit]


def _number(key: str, text: str, right: str) -> float:
    if not (text.isascii() and len(text) < 20 and text.replace(".", "", 1).isdecimal()):
        raise InputError(f"{key}={text[:40]!a}: {right}")
    return float(text)
