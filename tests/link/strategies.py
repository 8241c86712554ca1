"""What hypothesis makes of the link's messages and of what they carry."""

import json
import struct
from typing import Any

from hypothesis import strategies as st

from televise.link.messages import (
    Allow,
    Announce,
    Damaged,
    Data,
    Ended,
    Epoch,
    Finish,
    Keyframe,
    Look,
    Media,
    Message,
    Missing,
    Note,
    Open,
    Publish,
    Refused,
    State,
    Subscribe,
    Taken,
    Unsubscribe,
)
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.rendition import AUDIO_CODECS, LIMITS, VIDEO_CODECS, Rendition
from televise.model.track import MAX_REASON, Track

NUMBERS = st.integers(0, 2**32 - 1)
SIGNED = st.integers(-(2**63), 2**63 - 1)
SECONDS = st.floats(allow_nan=False, allow_infinity=False)


def _wish(name: str, step: int = 1) -> st.SearchStrategy[int]:
    least, most, _ = LIMITS[name]
    return st.just(0) | st.integers(int(least) // step, int(most) // step).map(step.__mul__)


RENDITIONS: st.SearchStrategy[Rendition] = st.builds(
    Rendition,
    video=st.sampled_from(VIDEO_CODECS),
    audio=st.sampled_from(["", *AUDIO_CODECS]),
    w=_wish("w", 2),
    h=_wish("h", 2),
    fps=st.just(0) | st.floats(*LIMITS["fps"][:2]),
    q=_wish("q"),
    bitrate=_wish("bitrate"),
)

TRACKS: st.SearchStrategy[Track] = st.builds(
    Track,
    kind=st.sampled_from(["video", "audio"]),
    codec=st.text(max_size=8),
    timescale=NUMBERS,
    config=st.binary(max_size=60),
    width=NUMBERS,
    height=NUMBERS,
    sample_rate=NUMBERS,
    channels=st.integers(0, 8),
    delivery=st.sampled_from(["passthrough", "transcode"]),
    reason=st.text(max_size=MAX_REASON),
)

PACKETS: st.SearchStrategy[Packet] = st.builds(
    Packet,
    track=st.integers(0, 255),
    epoch=NUMBERS,
    sequence=st.integers(0, 2**64 - 1),
    data=st.binary(max_size=300),
    pts=SIGNED,
    dts=SIGNED,
    duration=NUMBERS,
    keyframe=st.booleans(),
    captured=SIGNED,
    seconds=SECONDS,
)

_COUNTS = st.integers(0, 2**64 - 1)
_SEVERAL_TRACKS = st.lists(TRACKS, max_size=3).map(tuple)

# After the Hello.
OF_PROVIDER: st.SearchStrategy[Message] = st.one_of(
    st.builds(Announce, _SEVERAL_TRACKS),
    st.builds(State, st.text(), st.text(), st.booleans()),
    st.builds(Epoch, NUMBERS, NUMBERS, _SEVERAL_TRACKS, NUMBERS, _COUNTS, _COUNTS),
    st.builds(Damaged, NUMBERS),
    st.builds(Missing, NUMBERS, st.builds(Dropped, _COUNTS, _COUNTS, _COUNTS, _COUNTS)),
    st.builds(Media, NUMBERS, PACKETS),
    st.builds(Refused, NUMBERS, st.text()),
    st.builds(Note, st.integers(0, 2**64 - 1), st.text()),
    st.builds(Taken, NUMBERS, NUMBERS),
    st.builds(Ended, NUMBERS, st.text()),
)
OF_CONSUMER: st.SearchStrategy[Message] = st.one_of(
    st.builds(Allow, NUMBERS, st.integers(0, 2**64 - 1)),
    st.builds(Open, st.text(), SECONDS, SECONDS),
    st.builds(Subscribe, NUMBERS, RENDITIONS, NUMBERS),
    st.builds(Unsubscribe, NUMBERS),
    st.builds(Keyframe, NUMBERS),
    st.builds(Publish, NUMBERS, st.text()),
    st.builds(Data, NUMBERS, st.binary(max_size=300)),
    st.builds(Finish, NUMBERS),
    st.builds(Look, NUMBERS, RENDITIONS, SECONDS, SECONDS),
)


def framed(kind: int, body: bytes) -> bytes:
    """Any body as a message of any kind."""
    return struct.pack(">IB", len(body) + 1, kind) + body


def framed_json(kind: int, values: Any) -> bytes:
    """Any JSON value as a message of any kind."""
    return framed(kind, json.dumps(values).encode())
