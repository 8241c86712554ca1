"""Fuzz what comes over NATS: parts of messages, requests and answers, as a stranger sends them."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import FormatError, PeerError
    from televise.link.interest import Interest, answer, parse_answer, parse_interest
    from televise.link.messages import Epoch, Media, Missing
    from televise.link.nats import Assembler, MessageReader, cut
    from televise.link.protocol import encode
    from televise.link.sequencer import Sequencer
    from televise.model.dropped import Dropped
    from televise.model.packet import Packet
    from televise.model.rendition import Rendition
    from televise.model.track import Track

from fuzz.harness import fuzz

TRACK = Track("video", "h264", 90_000, b"\x01\x64", 1280, 720)
MESSAGES = [
    encode(Epoch(1, 7, (TRACK,))),
    encode(Media(1, Packet(0, 7, 0, b"data", 1, 2, 3, True, 4, 5.0))),
]
INTEREST = Interest("join", Rendition("h264", "aac", w=640), "a1", 5, report={"viewers": {}})


def target(data: bytes) -> None:
    """The first byte says what it is: parts (each after its length), one message, or JSON."""
    kind, rest = data[:1], data[1:]
    if kind < b"\x40":
        assemble(rest)
    elif kind < b"\x80":
        take(rest)
    elif kind < b"\xc0":
        interest = parse_interest(rest)
        assert parse_interest(interest.to_bytes()) == interest
    else:
        times = parse_answer(rest)
        assert parse_answer(answer(*times)) == times


def assemble(data: bytes) -> None:
    """Whatever comes before it, a good message is understood."""
    assembler = Assembler()
    while data:
        size = int.from_bytes(data[:2], "big")
        part, data = data[2 : 2 + size], data[2 + size :]
        try:
            assembler.feed(part)
        except FormatError:
            continue
    assert [assembler.feed(part) for part in cut(b"good", 1)] == [b"good"]


def take(data: bytes) -> None:
    """The same for messages; what is given out was taken."""
    reader, sequencer = MessageReader(), Sequencer()
    try:
        message = reader.read(data)
        assert sequencer.take(message) in ([], [message])
    except PeerError:
        pass
    assert [encode(reader.read(each)) for each in MESSAGES] == MESSAGES


def seeds() -> list[bytes]:
    parts = [part for serial, each in enumerate(MESSAGES) for part in cut(each, serial)]
    framed = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    said = [b"\x80" + INTEREST.to_bytes(), b"\xc0" + answer(5, 6)]
    reasons = [encode(Missing(1, Dropped(slow=2))), encode(Missing(1, Dropped(fault=1)))]
    explained = [b"".join(reasons[:count]) + MESSAGES[1] for count in (1, 2)]
    return [b"\x00" + framed, *(b"\x40" + each for each in (*MESSAGES, *explained)), *said]


if __name__ == "__main__":
    fuzz(target, seeds())
