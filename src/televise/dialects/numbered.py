"""Numbered: channels by their number, where an original had numbers instead of names."""

from aiohttp import web

from televise.dialects.dialect import ChannelOf
from televise.errors import UnknownChannel
from televise.hub.channel import Channel
from televise.web.edge import Edge


def numbered(
    edge: Edge, channel_of: ChannelOf, request: web.Request, number: int, first: int
) -> Channel:
    """The channel of this ``number``, counted from ``first`` on, or the one that was chosen.
    UnknownChannel, Forbidden."""
    channels = edge.hub.channels
    if not first <= number < first + len(channels):
        last = first + len(channels) - 1
        raise UnknownChannel(f"no stream {number}; there is: {first} to {last}")
    return channel_of(request, channels[number - first].name)
