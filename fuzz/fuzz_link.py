"""Fuzz the link protocol: what a worker or a hub that has been taken over may send."""

import struct

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import LinkError
    from televise.link.messages import (
        Allow,
        Announce,
        Epoch,
        Hello,
        Media,
        Message,
        Open,
        Refused,
        State,
        Subscribe,
        Unsubscribe,
    )
    from televise.link.protocol import VERSION, Receiver, Role, encode
    from televise.model.packet import Packet
    from televise.model.rendition import Rendition
    from televise.model.track import Track

from fuzz.harness import fuzz

HELLO = encode(Hello(VERSION))
RAW = b"\xff"
TRACK = Track("video", "h264", 90_000, b"\x01\x64", 1280, 720)
BY_PROVIDER: list[Message] = [
    Announce((TRACK,)),
    State("offline", "camera unplugged", True),
    Epoch(1, 7, (TRACK, TRACK)),
    Media(1, Packet(0, 7, 0, b"data", 1, 2, 3, True, 4, 5.0)),
    Refused(1, "no sound here"),
]
BY_CONSUMER: list[Message] = [
    Allow(1920 * 1080, 1 << 20),
    Open("pattern:", 12.5),
    Subscribe(1, Rendition("h264", "aac", w=640, fps=12.5), 7),
    Unsubscribe(1),
]


def target(data: bytes) -> None:
    """The first byte chooses the peer; how its bytes are split must not change what they mean.

    The second is the type of a message whose body follows; where it is 255, whole messages follow.
    """
    peer: Role = "provider" if data[:1] < b"\x80" else "consumer"
    kind, body = data[1:2], data[2:]
    wire = HELLO + (body if kind == RAW else struct.pack(">I", 1 + len(body)) + kind + body)
    messages, error = understood(peer, [wire])
    step = max(1, len(wire) // 8)
    pieces = [wire[start : start + step] for start in range(0, len(wire), step)]
    assert (messages, error) == understood(peer, pieces)
    assert understood(peer, messages) == (messages, "")


def understood(peer: Role, chunks: list[bytes]) -> tuple[list[bytes], str]:
    """Every message, encoded again, up to the first LinkError, and what that says."""
    receiver = Receiver(peer)
    messages: list[bytes] = []
    try:
        for chunk in chunks:
            messages.extend(map(encode, receiver.feed(chunk)))
    except LinkError as error:
        return messages, str(error) or "an error"
    return messages, ""


def seeds() -> list[bytes]:
    by_peer = {b"\x00": BY_PROVIDER, b"\x80": BY_CONSUMER}
    single = [peer + encode(each)[4:] for peer, said in by_peer.items() for each in said]
    whole = [peer + RAW + b"".join(map(encode, said)) for peer, said in by_peer.items()]
    return [*single, *whole]


if __name__ == "__main__":
    fuzz(target, seeds())
