"""What is told to a hub further up of who watches: no more than every hub takes, however much those
below have told."""

import json
from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

MAX_VIEWERS = 1 << 31
# In one report, at all depths.
MAX_HUBS = 1_000
MAX_REPORT_BYTES = 64 << 10
# Of the hub's name, its clock, and what stands between.
_FRAME_BYTES = 1024


def told(
    viewers: Mapping[str, int], ages: Mapping[str, Any], hubs: list[dict[str, Any]]
) -> dict[str, Any]:
    """As JSON values; what does not fit is left out: the channels that fewest watch, ages, and hubs
    with those below them."""
    room = MAX_REPORT_BYTES - _FRAME_BYTES
    counted = {name: min(count, MAX_VIEWERS - 1) for name, count in viewers.items()}
    most_watched = dict(Counter(counted).most_common())
    some_viewers, room = _some(most_watched, room)
    some_ages, room = _some({name: ages[name] for name in some_viewers if name in ages}, room)
    return {"viewers": some_viewers, "ages": some_ages, "hubs": fitting(hubs, room, MAX_HUBS - 2)}


def _some(values: Mapping[str, Any], room: int) -> tuple[dict[str, Any], int]:
    """The first of them, and how many bytes are left."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        room -= _size({name: value})
        if room < 0:
            return found, 0
        found[name] = value
    return found, room


def fitting(hubs: list[dict[str, Any]], room: int, most: int) -> list[dict[str, Any]]:
    """Those of ``hubs``, with all below them, that have so many bytes together and are not more
    than that; small ones first, so that a large one takes the place of no other."""
    found = []
    for size, hub in sorted(((_size(hub), hub) for hub in hubs), key=itemgetter(0)):
        count = _count(hub)
        if size <= room and count <= most:
            found.append(hub)
            room, most = room - size, most - count
    return found


def _count(hub: dict[str, Any]) -> int:
    return 1 + sum(map(_count, hub["hubs"]))


def _size(values: Any) -> int:
    """In bytes, with what stands between it and the next."""
    return len(json.dumps(values)) + 2
