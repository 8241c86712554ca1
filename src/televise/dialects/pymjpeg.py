"""pymjpeg: every URL is an endless multipart of JPEG pictures."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.pictures import OLD_HEADERS, Multipart
from televise.web.edge import Edge
from televise.web.parts import Parts

MULTIPART = Multipart(Parts("boundarydonotcross", OLD_HEADERS))


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, channel_of(request, ""))

    return [[web.get("/{path:.*}", stream)]]


DIALECT = Dialect("pymjpeg", (8001,), ("GET /... : multipart JPEG without end",), routes)
