"""mjpg_streamer: stream and snapshot, chosen by ``?action=``."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.page import page, picture
from televise.dialects.pictures import OLD_HEADERS, Multipart, asked_newest, timestamp
from televise.errors import InputError
from televise.web.edge import Edge

MULTIPART = Multipart("boundarydonotcross", OLD_HEADERS)


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, channel_of(request, ""))

    async def snapshot(request: web.Request) -> web.StreamResponse:
        packet = await asked_newest(edge, request, channel_of(request, ""))
        response = web.Response(
            body=packet.data,
            content_type="image/jpeg",
            headers=OLD_HEADERS | {"X-Timestamp": timestamp(packet)},
        )
        response.force_close()
        return response

    async def index(request: web.Request) -> web.StreamResponse:
        action = request.query.get("action")
        if action is None:
            return page("MJPG-Streamer", picture("/?action=stream", channel_of(request, "").name))
        if action not in ("stream", "snapshot"):
            raise InputError(f"action={action[:40]!a}: stream or snapshot")
        return await (stream if action == "stream" else snapshot)(request)

    return [
        [web.get("/", index), web.get("/stream", stream), web.get("/snapshot", snapshot)],
    ]


DIALECT = Dialect(
    "mjpg_streamer",
    (8080,),
    (
        "GET /?action=stream, /stream : multipart JPEG without end",
        "GET /?action=snapshot, /snapshot : the newest picture",
        "GET / : a page with the picture",
    ),
    routes,
)
