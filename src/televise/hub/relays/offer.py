"""Offer: a channel that another hub has, as it announces it."""

from dataclasses import dataclass
from typing import Any

from televise.errors import FormatError
from televise.formats.strict_json import parse_json
from televise.model.name import is_name, is_node
from televise.model.track import Track

MAX_ANNOUNCEMENT_BYTES = 4 << 20
MAX_CHANNELS = 10_000
MAX_TRACKS = 8
# More hubs than that between source and viewer are a mistake.
MAX_HOPS = 8
STATES = ("connecting", "live", "stalled", "offline", "idle")


@dataclass(frozen=True, slots=True)
class Offer:
    """A channel that can be had. ``path``: the hubs through which it comes, ours not among them."""

    name: str
    state: str
    text: str
    path: tuple[str, ...]
    tracks: tuple[Track, ...]

    @property
    def good(self) -> bool:
        """Whether there is a picture, or will be soon for who asks."""
        return self.state not in ("offline", "stalled")


def parse_announcement(text: str, node: str) -> tuple[str, dict[str, Offer]]:
    """Who announces, and what of it can be had by ``node``: nothing that came through it, or
    through too many hubs, or has a name that is none here.

    FormatError where it is none.
    """
    values = parse_json(text)
    if not isinstance(values, dict) or not isinstance(values.get("channels"), list):
        raise FormatError("not an announcement: it has no list of channels")
    who, channels = check_node(values.get("node")), values["channels"]
    if who == node:
        raise FormatError("it is this very hub: --upstream is for another")
    if len(channels) > MAX_CHANNELS:
        raise FormatError(f"an announcement of more than {MAX_CHANNELS} channels")
    try:
        offers = [_offer(each, who) for each in channels]
    except (TypeError, KeyError) as error:
        raise FormatError(f"not an announcement: {error!r}") from None
    good = [each for each in offers if _is_good(each, node)]
    return who, {each.name: each for each in good}


def _is_good(offer: Offer, node: str) -> bool:
    return is_name(offer.name) and node not in offer.path and len(offer.path) <= MAX_HOPS


def check_node(node: Any) -> str:
    """The name of a hub; FormatError where it is none."""
    if not is_node(node):
        raise FormatError("not the name of a hub")
    return str(node)


def _offer(values: Any, who: str) -> Offer:
    path, tracks = tuple(map(check_node, values["path"])), values["tracks"]
    name, state, text = values["name"], values["state"], values["text"]
    if path[-1:] != (who,) or len(tracks) > MAX_TRACKS or state not in STATES:
        raise FormatError("not an offer")
    if not isinstance(name, str) or not isinstance(text, str):
        raise FormatError("not an offer: name and text are texts")
    return Offer(name, state, text[:500], path, tuple(map(Track.from_json, tracks)))
