"""``/NAME.gif``: a GIF that never ends, or one of its frames per WebSocket message."""

from itertools import pairwise

from aiohttp import web

from televise.formats import gif, gif_clip
from televise.formats.websocket import binary_frame
from televise.hub.look_back import LookBack
from televise.model.packet import Packet
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.endless_gif import MIME, EndlessGif, parse_gif_query
from televise.web.forms import Forms, Way
from televise.web.past import look_back, parse_clip, whole

EXTENSION = "gif"
# How long the last frame of a clip is shown.
LAST_SECONDS = 0.1


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""
    forms = Forms(Way(EndlessGif, MIME), BareMessages, ToldMessages)

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_gif_query(request.query_string)
        if past := parse_clip(request.query):
            return _whole(await look_back(edge, request, query.rendition, past))
        rendition, latency, burst = query.rendition, query.max_latency, query.burst
        return await edge.stream(request, rendition, latency, forms, burst)

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


def _whole(look: LookBack) -> web.Response:
    """A clip of the past, which has an end; each frame is shown until the next."""
    track = look.tracks[0]
    times = [packet.pts / track.timescale for packet in look.packets]
    lengths = [*(after - before for before, after in pairwise(times)), LAST_SECONDS]
    frames = [(packet.data, length) for packet, length in zip(look.packets, lengths, strict=True)]
    body = gif_clip.clip(gif.header(track.width, track.height), frames)
    return whole(body, MIME)


class BareMessages(EndlessGif):
    """The header and each frame as one binary WebSocket message."""

    def _frame_init(self, epoch: int) -> bytes:
        return binary_frame(super()._frame_init(epoch))

    def _frame(self, packet: Packet) -> bytes:
        return binary_frame(packet.data)


class ToldMessages(EndlessGif):
    """WebSocket messages of ``televise.v1``."""

    one_init = False

    def _frame_init(self, epoch: int) -> bytes:
        return envelope.init(epoch, MIME, super()._frame_init(epoch))

    def _frame(self, packet: Packet) -> bytes:
        return envelope.chunk(packet, self._track, packet.data)
