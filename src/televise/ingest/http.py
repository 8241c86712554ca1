"""Publishing by HTTP: ``POST`` or ``PUT`` of a stream that does not end, or of single pictures."""

import asyncio
import contextlib
import struct
from collections.abc import Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from televise.errors import Busy, FormatError, InputError, Unsupported
from televise.formats import jpeg
from televise.hub.publishing import Publishing
from televise.ingest.seats import Seats
from televise.web.keys import token_of

# What the end of the URL says of the bytes; '' where FFmpeg finds out.
FORMATS = {"ts": "mpegts", "mjpg": "jpeg", "flv": "flv", "mp4": "", "webm": "matroska"}
PICTURES = ("jpg", "png")
MAX_PICTURE_BYTES = 8 << 20
# Somebody who sends single pictures keeps the seat for so long after each.
PICTURE_SEAT_SECONDS = 10.0
_LENGTH = struct.Struct(">I")
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"BM")


def routes(seats: Seats) -> list[web.RouteDef]:
    """What this ingest answers."""
    pictures = _Pictures(seats)

    async def stream(request: web.Request) -> web.StreamResponse:
        extension = request.path.rpartition(".")[2]
        publishing = take_seat(seats, request, FORMATS[extension])
        try:
            await until_end(_copy(request.content, publishing), publishing)
            problem = await publishing.finish()
        finally:
            publishing.close()
        if problem:
            raise Unsupported(problem)
        return web.json_response({"received": publishing.received})

    return [
        *(web.route(method, f"/{{name}}.{extension}", stream)
          for method in ("POST", "PUT") for extension in FORMATS),
        *(web.route(method, f"/{{name}}.{extension}", pictures.answer)
          for method in ("POST", "PUT") for extension in PICTURES),
    ]  # fmt: skip


def take_seat(seats: Seats, request: web.Request, format: str) -> Publishing:
    """The seat that a request asks for, with its key."""
    take_over = request.query.get("takeover", "0")
    if take_over not in ("0", "1"):
        raise InputError("takeover is 1 or 0")
    name, address = request.match_info["name"], request.remote or ""
    return seats.take(name, token_of(request), address, format, take_over=take_over == "1")


async def until_end(copying: Coroutine[Any, Any, None], publishing: Publishing) -> None:
    """Run ``copying`` until it ends, or the channel sends the publisher away."""
    task = asyncio.create_task(copying)
    ends: list[asyncio.Future[Any]] = [task, publishing.closed]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _copy(content: aiohttp.StreamReader, publishing: Publishing) -> None:
    # A publisher that says nothing is sent away by the channel.
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, web.HTTPException):
        while data := await content.readany():
            publishing.write(data)
            await publishing.writable.wait()


class _Pictures:
    """Those who send one picture per request: each keeps its seat from one to the next."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._open: dict[str, tuple[Publishing, asyncio.TimerHandle]] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        data = await _read_picture(request)
        publishing = self._seat(name, request)
        publishing.write(_LENGTH.pack(len(data)) + data)
        await publishing.writable.wait()
        timer = asyncio.get_running_loop().call_later(PICTURE_SEAT_SECONDS, self._leave, name)
        self._open[name] = publishing, timer
        return web.Response(status=204)

    def _seat(self, name: str, request: web.Request) -> Publishing:
        publishing, timer = self._open.get(name, (None, None))
        if publishing is None or timer is None or publishing.closed.done():
            return take_seat(self._seats, request, "image")
        self._seats.check(name, token_of(request))
        if publishing.address != (request.remote or ""):
            raise Busy(f"somebody else sends pictures to {name} now")
        timer.cancel()
        return publishing

    def _leave(self, name: str) -> None:
        self._open.pop(name)[0].close()


async def _read_picture(request: web.Request) -> bytes:
    parts, size = [], 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_PICTURE_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_PICTURE_BYTES, size)
    data = b"".join(parts)
    if not data.startswith(_SIGNATURES):
        raise Unsupported("not a picture: send JPEG, PNG, WebP, GIF or BMP")
    if data[:2] == jpeg.SOI:
        try:
            jpeg.size(data)
        except FormatError as error:
            raise Unsupported(str(error)) from None
    return data
