"""What a hub that takes channels from here reports of itself, and of those that take them there."""

from dataclasses import dataclass
from typing import Any

from televise.errors import FormatError
from televise.hub.offer import MAX_HOPS, check_node
from televise.model.name import is_name
from televise.model.unix_time import is_unix_time
from televise.web.ages import are_ages

MAX_VIEWERS = 1 << 31
# Of hubs below hubs: deeper ones are not reported, as no channel goes there.
MAX_DEPTH = MAX_HOPS + 1
# In one report, at all depths.
MAX_HUBS = 1_000


@dataclass(frozen=True, slots=True)
class Report:
    """How many watch each channel at hub ``node`` and below; how old pictures are there (see
    `televise.web.ages`); which ``hubs`` are below, as they report. ``clock`` is its time, in Unix
    nanoseconds."""

    node: str
    viewers: dict[str, int]
    ages: dict[str, dict[str, float]]
    hubs: list[Any]
    clock: int

    def describe(self) -> dict[str, Any]:
        """As it is reported further up, and in the topology."""
        said = {"node": self.node, "viewers": self.viewers, "ages": self.ages}
        return said | {"hubs": self.hubs}


def parse_report(values: Any) -> Report:
    """What a stranger sends; FormatError."""
    said = _hub(values, MAX_DEPTH, [MAX_HUBS])
    clock = values.get("clock")
    if not is_unix_time(clock):
        raise FormatError("a report without a clock")
    return Report(said["node"], said["viewers"], said["ages"], said["hubs"], clock)


def pruned(hubs: list[Any], above: frozenset[str], depth: int = MAX_DEPTH - 1) -> list[Any]:
    """``hubs`` as they may be reported on by those ``above`` them, of whom none is told twice: hubs
    may take different channels from each other."""
    return [
        hub | {"hubs": pruned(hub["hubs"], above | {hub["node"]}, depth - 1)}
        for hub in hubs
        if depth > 0 and hub["node"] not in above
    ]


def _hub(values: Any, depth: int, budget: list[int]) -> dict[str, Any]:
    """What is known of a hub, and nothing else that it says. FormatError."""
    budget[0] -= 1
    if not isinstance(values, dict) or not depth or not budget[0]:
        raise FormatError("not the report of a hub, or of too many")
    check_node(values.get("node"))
    viewers, hubs = values.get("viewers"), values.get("hubs")
    if not isinstance(viewers, dict) or not isinstance(hubs, list):
        raise FormatError("a report without viewers and hubs")
    for name, count in viewers.items():
        if not is_name(name) or type(count) is not int or not 0 <= count < MAX_VIEWERS:
            raise FormatError("not a number of viewers of a channel")
    ages = values.get("ages", {})
    if not isinstance(ages, dict) or not all(map(are_ages, ages.values())):
        raise FormatError("not the ages of pictures")
    if not all(is_name(name) for name in ages):
        raise FormatError("the age of pictures of no channel")
    below = [_hub(hub, depth - 1, budget) for hub in hubs]
    return {"node": values["node"], "viewers": viewers, "ages": ages, "hubs": below}
