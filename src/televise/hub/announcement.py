"""Announcement: what a hub says to others of the channels that it has; `televise.hub.offer` is how
they read it."""

from collections.abc import Iterable, Sequence
from typing import Any

from televise.hub.channel import Channel


def announcement(node: str, channels: Iterable[Channel]) -> dict[str, Any]:
    """As JSON values: those ``channels`` to which there is a way. A channel's path is the hubs
    through which it comes, ``node`` being the last of them."""
    said = [
        _said(channel, [*channel.path, node]) for channel in channels if channel.path is not None
    ]
    return {"node": node, "channels": said}


def full_announcement(node: str, channels: Iterable[Channel]) -> dict[str, Any]:
    """The same for fan-out processes of ``node``: also those to which there is no way now, as their
    viewers stay, and of none how it comes."""
    return {"node": node, "channels": [_said(channel, [node]) for channel in channels]}


def _said(channel: Channel, path: Sequence[str]) -> dict[str, Any]:
    return {
        "name": channel.name,
        "state": channel.state,
        "text": channel.public_text,
        "path": path,
        "tracks": [track.to_json() for track in channel.tracks],
    }
