"""mjpg_streamer: stream and snapshot, chosen by ``?action=``; input N is the N-th channel.

Only the beginning of the action counts, as in the original: many write ``?dummy=param.mjpg`` behind
it, for clients that want to see the type in the URL.
"""

import re
from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.numbered import numbered
from televise.dialects.page import page, picture
from televise.dialects.pictures import OLD_HEADERS, Multipart, asked_newest
from televise.errors import InputError
from televise.formats.multipart import timestamp
from televise.hub.channel import Channel
from televise.web.edge import Edge
from televise.web.parts import Parts

_ACTION = re.compile(r"(stream|snapshot)(?:_([0-9]{1,9}))?")
MULTIPART = Multipart(Parts("boundarydonotcross", OLD_HEADERS))


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    def asked(request: web.Request) -> Channel:
        action = _ACTION.match(request.query.get("action", ""))
        if action is None or action[2] is None:
            return channel_of(request, "")
        return numbered(edge, channel_of, request, int(action[2]), 0)

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, asked(request))

    async def snapshot(request: web.Request) -> web.StreamResponse:
        packet = await asked_newest(edge, request, asked(request))
        response = web.Response(
            body=packet.data,
            content_type="image/jpeg",
            headers=OLD_HEADERS | {"X-Timestamp": timestamp(packet.captured)},
        )
        response.force_close()
        return response

    async def index(request: web.Request) -> web.StreamResponse:
        action = request.query.get("action")
        if action is None:
            return page("MJPG-Streamer", picture("/?action=stream", channel_of(request, "").name))
        known = _ACTION.match(action)
        if known is None:
            raise InputError(f"action={action[:40]!a}: stream or snapshot, as in stream_0")
        return await (stream if known[1] == "stream" else snapshot)(request)

    return [
        [web.get("/", index), web.get("/stream", stream), web.get("/snapshot", snapshot)],
    ]


DIALECT = Dialect(
    "mjpg_streamer",
    (8080,),
    (
        "GET /?action=stream, /stream : multipart JPEG without end; stream_N the N-th channel's",
        "GET /?action=snapshot, /snapshot : the newest picture; snapshot_N the N-th channel's",
        "GET / : a page with the picture",
    ),
    routes,
)
