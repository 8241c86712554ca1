"""Refusal: whoever may not publish is told so, and the log is told of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from televise import events
from televise.errors import TeleviseError
from televise.web.trust.guard import need_of

_SEATED = web.RequestKey("televise_seated", bool)
_MAX_NAME = 64


@web.middleware
async def tell_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Of requests to publish that end before they have a seat."""
    try:
        return await handler(request)
    except TeleviseError as error:
        if need_of(request).can == "publish" and not is_seated(request):
            tell_refusal(request, error)
        raise


@contextmanager
def telling(request: web.Request, name: str) -> Iterator[None]:
    """The same for what the rules of requests do not know as publishing."""
    try:
        yield
    except TeleviseError as error:
        refused(name, request.remote or "", str(error))
        raise


def tell_refusal(request: web.Request, error: TeleviseError) -> None:
    """Tell of one."""
    name = request.match_info.get("name") or request.path[1:].rpartition(".")[0]
    refused(name, request.remote or "", str(error))


def refused(name: str, address: str, reason: str) -> None:
    """The same for other protocols than HTTP."""
    events.warning("publisher refused", channel=name[:_MAX_NAME], address=address, reason=reason)


def seat(request: web.Request) -> None:
    """It has a seat: from now on its channel tells why it goes."""
    request[_SEATED] = True


def is_seated(request: web.Request) -> bool:
    """Whether it has."""
    return bool(request.get(_SEATED))
