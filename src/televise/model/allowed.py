"""Allowed: the limits that an operator may set, by their names: what each is if nothing is said,
and what it may be. An option, a key of the file and a metric are named after each."""

from collections.abc import Mapping
from dataclasses import dataclass

_ANY = 1 << 31


@dataclass(frozen=True, slots=True)
class Allowed:
    """One limit: whole numbers from ``least`` to ``most``, and ``text`` in a few words. ``usual``
    is 0 where that depends on the machine, ``how`` then says on what."""

    usual: int
    text: str
    least: int = 1
    most: int = _ANY
    how: str = ""

    def has(self, value: int) -> bool:
        """Whether it may be that."""
        return self.least <= value <= self.most

    @property
    def right(self) -> str:
        """What it may be, in words."""
        if self.most == _ANY:
            return f"a whole number above {self.least - 1}"
        return f"a whole number from {self.least} to {self.most}"

    @property
    def help(self) -> str:
        """What it is, and what it is if nothing is said."""
        return f"{self.text} ({self.how or self.usual})"


ALLOWED: Mapping[str, Allowed] = {
    "viewers": Allowed(10_000, "viewers in all"),
    # A whole school may be behind one address, but no two addresses fill a channel.
    "viewers_per_address": Allowed(2_000, "viewers from one address"),
    "viewers_per_channel": Allowed(5_000, "viewers of one channel"),
    "connections_per_address": Allowed(
        0, "connections from one address", how="half of what descriptors allow"
    ),
    "renditions": Allowed(8, "encodings of one channel that differ from its source"),
    "megapixels": Allowed(0, "megapixels a second of all these", how="125 for each core"),
    "publishers": Allowed(64, "publishers in all"),
    "megabytes": Allowed(512, "of all that waits for viewers"),
    "header_kilobytes": Allowed(16, "of a request before its body", 4, 256),
    "body_kilobytes": Allowed(64, "of JSON that is sent to the API", 1, 1024),
    # A packet that hubs give each other has 16 MB at most, and so has an RTMP message.
    "picture_megabytes": Allowed(8, "of one picture that is published", 1, 15),
    "message_megabytes": Allowed(8, "of one message of a publisher", 1, 15),
    # What is shown has 4096x2304 at most, whatever the source has.
    "pixels": Allowed(4096 * 2304, "width x height of a source's pictures", 4096, 8192 * 4096),
    # A worker has 4 GB in all.
    "replay_megabytes": Allowed(32, "of one source to look back to", 1, 1024),
    "log_lines": Allowed(200, "lines of the log in a second", 1, 100_000),
}
