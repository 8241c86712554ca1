"""Newest: the picture that a channel shows now, for those who want one only."""

from aiohttp import web

from televise.errors import Unavailable
from televise.hub.channel import Channel
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.web.edge import Edge

WAIT_SECONDS = 5.0
# A slate comes once a second, and a new encoding begins with one.
SLATE_SECONDS = 2.0


async def newest(
    edge: Edge, request: web.Request, channel: Channel, rendition: Rendition
) -> Packet:
    """The newest picture of ``channel``; while its source has none, the slate. Unavailable where
    there is none either, LimitReached."""
    async with edge.watching(request, channel, rendition) as encoding:
        before = encoding.log.newest
        await edge.begun(encoding, WAIT_SECONDS)
        if before is not None and channel.state in ("stalled", "offline"):
            await edge.changed(encoding, SLATE_SECONDS)
        packet = encoding.log.newest
    if encoding.refusal:
        raise Unavailable(f"{channel.name}: {encoding.refusal}")
    if packet is None:
        raise Unavailable(f"{channel.name} has no picture now: it is {channel.state}")
    return packet
