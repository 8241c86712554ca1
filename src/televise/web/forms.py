"""Forms: how a stream is written, over HTTP and over WebSockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from televise.hub.muxed import MakeMuxer


@dataclass(frozen=True)
class Way:
    """How an endless HTTP answer is written; ``headers`` stand instead of our usual ones."""

    muxer: MakeMuxer
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Forms:
    """How a stream is written: over HTTP, and over a WebSocket without and with ``televise.v1``."""

    endless: Way
    bare: MakeMuxer
    told: MakeMuxer
