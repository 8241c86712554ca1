"""Announcement: what a hub says to others of the channels that it has; `televise.hub.offer` is how
they read it."""

from collections.abc import Iterable
from typing import Any

from televise.hub.channel import Channel


def announcement(node: str, channels: Iterable[Channel]) -> dict[str, Any]:
    """As JSON values: those ``channels`` to which there is a way. A channel's path is the hubs
    through which it comes, ``node`` being the last of them."""
    said = [
        {
            "name": channel.name,
            "state": channel.state,
            "text": channel.text,
            "path": [*channel.path, node],
            "tracks": [track.to_json() for track in channel.tracks],
        }
        for channel in channels
        if channel.path is not None
    ]
    return {"node": node, "channels": said}
