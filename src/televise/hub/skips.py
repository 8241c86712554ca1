"""Skips: what a reader of a log has passed over, to be told once."""

from televise.hub.muxed import Chunk, Muxed
from televise.model.dropped import NOTHING, Dropped
from televise.model.log import Cursor


class Skips:
    """Of one who reads ``muxed`` by ``cursor``."""

    def __init__(self, muxed: Muxed, cursor: Cursor[Chunk]) -> None:
        self._gaps = muxed.gaps
        self._cursor = cursor
        self._told = 0

    def take(self) -> tuple[int, Dropped]:
        """To be asked when a chunk has been read: how many were passed over before it, and which
        packets were missing among these already."""
        count = self._cursor.skipped - self._told
        if not count:
            return 0, NOTHING
        self._told += count
        start = self._cursor.position - 1 - count
        return count, self._gaps.between(start, start + count)
