"""What a hub that takes channels from here reports of itself, and of those that take them there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from televise.errors import FormatError
from televise.hub.relays.offer import MAX_HOPS, check_node
from televise.hub.relays.told import MAX_HUBS, MAX_VIEWERS
from televise.model.name import is_name
from televise.model.unix_time import is_unix_time
from televise.web.ages import are_ages

# Of hubs below hubs: deeper ones are not reported, as no channel goes there.
MAX_DEPTH = MAX_HOPS + 1


@dataclass(frozen=True, slots=True)
class Report:
    """How many watch each channel at hub ``node`` and below; how old pictures are there (see
    `televise.web.ages`); which ``hubs`` are below, as they report. ``clock`` is its time, in Unix
    nanoseconds; ``size`` is how many bytes it came in."""

    node: str
    viewers: dict[str, int]
    ages: dict[str, dict[str, float]]
    hubs: list[dict[str, Any]]
    clock: int
    size: int = 0

    def describe(self) -> dict[str, Any]:
        """As it is reported further up, and in the topology."""
        said = {"node": self.node, "viewers": self.viewers, "ages": self.ages}
        return said | {"hubs": self.hubs}


def parse_report(values: Any, allowed: Callable[[str], bool] = bool, size: int = 0) -> Report:
    """What a stranger sends; of that, what is of channels that it is ``allowed``. FormatError."""
    hub = _parse_hub(values, allowed, MAX_DEPTH, [MAX_HUBS])
    clock = values.get("clock")
    if not is_unix_time(clock):
        raise FormatError("a report without a clock")
    return Report(**hub, clock=clock, size=size)


def pruned(hubs: list[Any], above: frozenset[str], depth: int = MAX_DEPTH - 1) -> list[Any]:
    """``hubs`` as they may be reported on by those ``above`` them, of whom none is told twice: hubs
    may take different channels from each other."""
    return [
        hub | {"hubs": pruned(hub["hubs"], above | {hub["node"]}, depth - 1)}
        for hub in hubs
        if depth > 0 and hub["node"] not in above
    ]


def _parse_hub(
    values: Any, allowed: Callable[[str], bool], depth: int, budget: list[int]
) -> dict[str, Any]:
    """One hub and those below it, and nothing else that may stand there."""
    budget[0] -= 1
    if not isinstance(values, dict) or not depth or not budget[0]:
        raise FormatError("not the report of a hub, or of too many")
    node = check_node(values.get("node"))
    viewers, ages, hubs = values.get("viewers"), values.get("ages", {}), values.get("hubs")
    if not isinstance(viewers, dict) or not isinstance(hubs, list):
        raise FormatError("a report without viewers and hubs")
    for name, count in viewers.items():
        if not is_name(name) or type(count) is not int or not 0 <= count < MAX_VIEWERS:
            raise FormatError("not a number of viewers of a channel")
    if not isinstance(ages, dict) or not all(map(are_ages, ages.values())):
        raise FormatError("not the ages of pictures")
    if not all(is_name(name) for name in ages):
        raise FormatError("the age of pictures of no channel")
    return {
        "node": node,
        "viewers": {name: viewers[name] for name in viewers if allowed(name)},
        "ages": {name: ages[name] for name in ages if allowed(name)},
        "hubs": [_parse_hub(hub, allowed, depth - 1, budget) for hub in hubs],
    }
