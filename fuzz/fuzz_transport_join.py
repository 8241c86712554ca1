"""Fuzz the join of transport streams: what it gives is packets, no more than came but for tables,
and another one's rubbish costs nobody a packet.

An input is steps: a byte says whose turn it is (1), how much later it is (6), and whether it goes
and comes back before (8); what that one sends follows, STEP bytes.
"""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import Busy, FormatError
    from televise.formats.mpegts import (
        MPEG1_AUDIO,
        MPEG1_VIDEO,
        PACKET_BYTES,
        SYNC,
        Multiplexer,
        Unit,
    )
    from televise.formats.transport_join import Part, TransportJoin
    from televise.formats.transport_sections import TransportSections

from fuzz.harness import fuzz, golden

STEP = 2 * PACKET_BYTES
TABLES = 2 * PACKET_BYTES


def target(data: bytes) -> None:
    join, sections, now = TransportJoin(), TransportSections(), 0.0
    parts: list[Part | None] = [join.enter(), join.enter()]
    for start in range(0, len(data), 1 + STEP):
        control, sent = data[start], data[start + 1 : start + 1 + STEP]
        number, now = control & 1, now + (control >> 1 & 3) / 4
        part = parts[number]
        if part is None or control & 8:
            if part is not None:
                join.leave(part)
            part = parts[number] = _enter(join)
        if part is None:
            continue
        given = _feed(join, part, sent, now)
        if given is None:
            join.leave(part)
            parts[number] = None
            continue
        assert len(given) % PACKET_BYTES == 0
        assert all(byte == SYNC for byte in given[::PACKET_BYTES])
        packets = (len(sent) + PACKET_BYTES) // PACKET_BYTES
        assert len(given) <= packets * (PACKET_BYTES + TABLES)
        sections.feed(given)
        while sections.cut:
            sections.resume()


def _enter(join: TransportJoin) -> Part | None:
    try:
        return join.enter()
    except Busy:
        return None


def _feed(join: TransportJoin, part: Part, data: bytes, now: float) -> bytes | None:
    try:
        return join.feed(part, data, now)
    except (Busy, FormatError):
        return None


def steps(*sent: tuple[int, bytes]) -> bytes:
    """An input: whose turn it is and so on, and what it sends, in as many steps as that takes."""
    pieces = []
    for control, data in sent:
        for start in range(0, len(data), STEP):
            pieces += [bytes([control]), data[start : start + STEP].ljust(STEP, b"\xff")]
            control &= 7
    return b"".join(pieces)


def stream(type: int, content: bytes) -> bytes:
    """A short one of this type."""
    multiplexer = Multiplexer([type], 0)
    units = [Unit(content, time, time, True) for time in range(0, 9000, 3000)]
    return b"".join(multiplexer.mux(0, unit) for unit in units)


def seeds() -> list[bytes]:
    video, audio = stream(MPEG1_VIDEO, b"\0\0\1\xb3"), stream(MPEG1_AUDIO, b"\xff\xfd")
    both = golden("mpegts_keyframe") + golden("mpegts_sound")
    turns = [(4 + number % 2, (video, audio)[number % 2]) for number in range(4)]
    return [
        steps((0, both)),
        steps((0, video), (1, both)),
        steps((2, video), (3, audio)),
        steps(*turns),
        steps((0, audio), (3, video), (9, video), (2, audio)),
        steps((0, video[5:]), (1, video)),
    ]


if __name__ == "__main__":
    fuzz(target, seeds())
