"""Path: what passes packets of one codec through, and what it says where that cannot be."""

from collections.abc import Iterator
from typing import Protocol

from televise.media.encoders.encoded import Encoded
from televise.media.unit import Unit

VIDEO_TIMESCALE = 90_000
UNTOUCHED = "the source's own, untouched"


class Unfit(Exception):
    """These packets cannot go to a browser as they are; the text says why."""


class Path(Protocol):
    """The packets of one track, as they come."""

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """What ``unit`` is in our form. Unfit where it must be transcoded instead."""
