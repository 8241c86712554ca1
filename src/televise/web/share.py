"""Share: the viewers of one fan-out process, as it tells the hub that it belongs to."""

import json
from dataclasses import dataclass, field

from aiohttp import web

from televise.model.rendition import Rendition

# Set in a request that comes from a fan-out process of ours, and not from one of its clients.
OWN_PROCESS = web.RequestKey("own_process", bool)
# Set in one that such a process hands on for somebody whose certificate it has checked.
CERTIFIED = web.RequestKey("certified", bool)


@dataclass(frozen=True, slots=True)
class Share:
    """How many watch each channel there, and need each rendition of it; chunks sent and skipped
    since it began. ``node`` is its name as a hub."""

    node: str
    viewers: dict[str, int] = field(default_factory=dict)
    users: dict[str, dict[str, int]] = field(default_factory=dict)
    sent: int = 0
    skipped: int = 0
    # How often each limit has turned somebody away there.
    refused: dict[str, int] = field(default_factory=dict)


def rendition_key(rendition: Rendition) -> str:
    """The same text for the same rendition."""
    return json.dumps(rendition.to_json(), sort_keys=True)
