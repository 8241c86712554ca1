"""Publishing by HTTP: ``POST`` or ``PUT`` of a stream that does not end, or of single pictures."""

import asyncio
import struct

from aiohttp import web

from televise.errors import FormatError, InputError, Unavailable, Unsupported
from televise.formats.picture import KNOWN, parse_picture
from televise.hub.publishing import Publishing
from televise.ingest.refusal import seat
from televise.web.receive import receive
from televise.web.seats import Seats
from televise.web.sizes import Sizes, read, too_large
from televise.web.trust.guard import needs
from televise.web.trust.keys import token_of

# What the end of the URL says of the bytes; '' where FFmpeg finds out.
FORMATS = {"ts": "mpegts", "mjpg": "jpeg", "flv": "flv", "mp4": "", "webm": "matroska"}
PICTURES = ("jpg", "png")
# Somebody who sends single pictures keeps the seat for so long after each.
PICTURE_SEAT_SECONDS = 10.0
# And must have sent each in this time.
PICTURE_SECONDS = 10.0
_LENGTH = struct.Struct(">I")


def routes(seats: Seats) -> list[web.RouteDef]:
    """What this ingest answers."""
    pictures = _Pictures(seats)

    @needs("publish")
    async def stream(request: web.Request) -> web.StreamResponse:
        extension = request.path.rpartition(".")[2]
        name = request.match_info["name"]
        return await receive(request, take_seat(seats, request, name, FORMATS[extension]))

    return [
        *(web.route(method, f"/{{name}}.{extension}", stream)
          for method in ("POST", "PUT") for extension in FORMATS),
        *(web.route(method, f"/{{name}}.{extension}", pictures.answer)
          for method in ("POST", "PUT") for extension in PICTURES),
    ]  # fmt: skip


def take_seat(seats: Seats, request: web.Request, name: str, format: str) -> Publishing:
    """The seat that a request asks for, with its key."""
    address, take_over = request.remote or "", takes_over(request)
    publishing = seats.take(name, token_of(request), address, format, take_over=take_over)
    seat(request)
    return publishing


def takes_over(request: web.Request) -> bool:
    """Whether a request wants the place of one who publishes already. InputError."""
    value = request.query.get("takeover", "0")
    if value not in ("0", "1"):
        raise InputError(f"takeover={value[:40]!a}: 1 or 0")
    return value == "1"


class _Pictures:
    """Those who send one picture per request: each keeps its seat from one to the next."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        # By channel, and by address and key: two may come from one address.
        self._sitting: dict[str, tuple[tuple[str, str], Publishing]] = {}
        self._leaving: dict[Publishing, asyncio.TimerHandle] = {}

    @needs("publish")
    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        try:
            async with asyncio.timeout(PICTURE_SECONDS):
                data = await _read_picture(request, self._seats.sizes)
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="the picture did not come in time\n") from None
        publishing = self._seat(name, request)
        publishing.write(_LENGTH.pack(len(data)) + data)
        await publishing.writable.wait()
        if publishing.problem is not None:
            raise publishing.problem
        return web.Response(status=204)

    def _seat(self, name: str, request: web.Request) -> Publishing:
        """The one that this publisher has, or a new one; it is kept from now on."""
        who = request.remote or "", token_of(request)
        sitting, publishing = self._sitting.get(name, (None, None))
        if publishing is None or publishing.closed.done() or sitting != who:
            publishing = take_seat(self._seats, request, name, "image")
            self._sitting[name] = who, publishing
        seat(request)
        if timer := self._leaving.pop(publishing, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._leaving[publishing] = loop.call_later(
            PICTURE_SEAT_SECONDS, self._leave, name, publishing
        )
        return publishing

    def _leave(self, name: str, publishing: Publishing) -> None:
        del self._leaving[publishing]
        if name in self._sitting and self._sitting[name][1] is publishing:
            del self._sitting[name]
        if publishing.writable.is_set():
            publishing.close()
        else:  # somebody waits for a worker that does not come
            publishing.send_away("it was not taken in time: send it again", Unavailable)


async def _read_picture(request: web.Request, sizes: Sizes) -> bytes:
    text = f"a picture must have at most {sizes.picture >> 20} MB"
    data = await read(request.content.iter_any(), sizes.picture, "picture_megabytes", text)
    try:
        picture = parse_picture(data)
    except FormatError as error:
        raise Unsupported(f"{error}: send {KNOWN}") from None
    if picture is None:
        raise Unsupported("the picture is not complete")
    if picture.width * picture.height > sizes.pixels:
        size = f"{picture.width}x{picture.height}"
        raise too_large("pixels", f"the picture has {size} pixels; the limit is {sizes.pixels}")
    return picture.data
