"""Announcement: what a hub says to others of the channels that it has; `offer` is how they read
it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from televise.hub.channel import Channel
from televise.hub.relays.offer import MAX_ANNOUNCEMENT_BYTES

# Of it, what stands beside the channels.
_FRAME_BYTES = 1024


def announcement(node: str, channels: Iterable[Channel]) -> dict[str, Any]:
    """As JSON values: those ``channels`` to which there is a way. A channel's path is the hubs
    through which it comes, ``node`` being the last of them."""
    said = [
        _said(channel, [*channel.path, node]) for channel in channels if channel.path is not None
    ]
    return {"node": node, "channels": said}


def as_text(said: dict[str, Any]) -> str:
    """An announcement as it is sent. Of one that others would not take, as it is too long, those
    channels are left out of which there is most to say: else nobody would have any."""
    text = _json(said)
    if len(text) < MAX_ANNOUNCEMENT_BYTES - _FRAME_BYTES:
        return text
    channels, room = [], MAX_ANNOUNCEMENT_BYTES - _FRAME_BYTES
    for size, channel in sorted(((len(_json(each)), each) for each in said["channels"]), key=_size):
        room -= size + 1
        if room < 0:
            break
        channels.append(channel)
    return _json(said | {"channels": channels})


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


def _json(values: Any) -> str:
    return json.dumps(values, separators=(",", ":"))


def _size(measured: tuple[int, Any]) -> int:
    return measured[0]
