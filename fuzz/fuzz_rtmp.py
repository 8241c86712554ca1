"""Fuzz RTMP: the handshake, chunks, AMF0 and commands, as a publisher may send them."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import FormatError
    from televise.formats import amf, flv
    from televise.formats.rtmp import Media, Publish, Refused, Session, Unpublish

from fuzz.harness import fuzz, golden
from tests.formats.rtmp_publisher import HANDSHAKE, opening

OPENING = opening()


def target(data: bytes) -> None:
    """The first byte chooses where it begins; the second, if odd, where the bytes are cut."""
    way, cut, data = data[:1], sum(data[1:2]), data[2:]
    if way < b"\x40":
        values = amf.decode(data)
        # Not the values, as NaN is never equal to itself.
        assert repr(amf.decode(amf.encode(*values))) == repr(values)
        return
    begin = b"" if way < b"\x60" else HANDSHAKE if way < b"\xa0" else OPENING
    whole = understood([begin, data])
    if cut % 2:
        cut = cut * len(data) // 255
        assert whole == understood([begin, data[:cut], data[cut:]])
    media = [event for event in whole[0] if isinstance(event, Media)]
    assert sum(len(event.data) for event in media) <= len(data)


def understood(pieces: list[bytes]) -> tuple[list[object], str]:
    """The events up to the first FormatError, and what that says."""
    session = Session("http://HOST:8080")
    seen: list[object] = []
    publishing = False
    try:
        for piece in pieces:
            if session.over:
                break
            for event in session.receive(piece):
                if event is None:
                    continue
                seen.append(event)
                if isinstance(event, Refused):
                    assert session.over
                    continue
                assert publishing != isinstance(event, Publish)
                publishing = not isinstance(event, Unpublish)
                if isinstance(event, Publish):
                    session.accept()
                elif isinstance(event, Media):
                    flv.tag(event.kind, event.timestamp, event.data)
    except FormatError as error:
        return seen, str(error) or "an error"
    return seen, ""


def seeds() -> list[bytes]:
    handshake = len(HANDSHAKE)
    recorded = [golden(f"rtmp_{name}")[handshake:] for name in ("ffmpeg", "librtmp", "obs")]
    values = amf.encode("connect", 1.0, {"app": "live", "list": ["a", None, True]})
    media = [data[-1000:] for data in recorded]
    return [
        b"\0\0" + values,
        *(b"\x60\x80" + each for each in recorded),
        *(b"\xa0\x80" + each for each in media),
    ]


if __name__ == "__main__":
    fuzz(target, seeds())
