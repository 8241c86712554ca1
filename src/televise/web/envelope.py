"""The text messages of the WebSocket subprotocol ``televise.v1``, ready framed.

Beside each binary message stands a text that says what it is; see docs/design/protocol.md.
"""

import json

from televise.formats.websocket import binary_frame, text_frame
from televise.model.dropped import NOTHING, Dropped
from televise.model.packet import Packet
from televise.model.track import Track

SUBPROTOCOL = "televise.v1"


def hello(
    channel: str,
    state: str,
    text: str,
    version: str,
    *,
    seconds: float = 0.0,
    listens: bool = False,
) -> bytes:
    """First message of a connection; for ``seconds`` the state has been that; ``listens``: clicks
    and keys are wanted."""
    said = {"channel": channel, "state": state, "text": text, "seconds": round(seconds, 1)}
    said["version"] = version
    return _message(type="hello", **said, **({"input": True} if listens else {}))


def init(epoch: int, mime: str, segment: bytes, channel: str = "") -> bytes:
    """A new epoch: its exact type, and the init segment where the format has one."""
    named = {"channel": channel} if channel else {}
    message = _message(type="init", **named, epoch=epoch, mime=mime)
    return message + binary_frame(segment) if segment else message


def chunk(packet: Packet, track: Track, payload: bytes, channel: str = "") -> bytes:
    """One packet: which it is, when it is shown (seconds) and was captured (Unix milliseconds).

    ``channel`` is named where one connection carries several.
    """
    named = f'"channel":"{channel}",' if channel else ""
    text = (
        f'{{"type":"chunk",{named}"epoch":{packet.epoch},"sequence":{packet.sequence},'
        f'"track":"{track.kind}","pts":{packet.pts / track.timescale:.6f},'
        f'"captured":{packet.captured / 1e6:.3f},'
        f'"keyframe":{"true" if packet.keyframe else "false"}{_missing(packet)}}}'
    )
    return text_frame(text) + binary_frame(payload)


def _missing(packet: Packet) -> str:
    """Why numbers before it are missing, where they are."""
    return f',"dropped":{json.dumps(packet.dropped.to_json())}' if packet.dropped else ""


def state(channel: str, state: str, text: str, seconds: float = 0.0) -> bytes:
    """How the source is, and for how long it has been so."""
    said = {"channel": channel, "state": state, "text": text, "seconds": round(seconds, 1)}
    return _message(type="state", **said)


def note(channel: str, captured: int, size: tuple[int, int], text: str) -> bytes:
    """What the source has to tell with the picture ``captured`` then; ``text`` is JSON, in which
    places are pixels of a picture of this ``size``."""
    width, height = size
    named = f'"channel":"{channel}","captured":{captured / 1e6:.3f}'
    shape = f'"width":{width},"height":{height}'
    return text_frame(f'{{"type":"note",{named},{shape},"data":{text}}}')


def skipped(channel: str, count: int, dropped: Dropped = NOTHING) -> bytes:
    """So many chunks were passed over, because the viewer could not take them in time; ``dropped``
    were missing between them already."""
    also = {"dropped": dropped.to_json()} if dropped else {}
    return _message(type="skipped", channel=channel, count=count, **also)


def ledger(channel: str, delivered: int, waiting: int, dropped: Dropped) -> bytes:
    """What became of all packets since this viewer began."""
    counts = {"delivered": delivered, "waiting": waiting, "dropped": dropped.to_json()}
    return _message(type="ledger", channel=channel, **counts)


def error(channel: str, text: str) -> bytes:
    """A channel of a wall that cannot be had."""
    return _message(type="error", channel=channel, text=text)


def clock(client: float, server: float) -> bytes:
    """The answer to a client's clock message, in Unix milliseconds."""
    return _message(type="clock", client=client, server=server)


def _message(**values: object) -> bytes:
    return text_frame(json.dumps(values, separators=(",", ":")))
