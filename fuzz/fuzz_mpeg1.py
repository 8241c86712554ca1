"""Fuzz MPEG-1 headers, the rules of jsmp, and ADTS framing of any AudioSpecificConfig."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats import adts, mpeg1
    from televise.formats.adts import AdtsFramer

from fuzz.harness import fuzz

SEQUENCE = "000001b30401e013ffffe018000001b80008004000000100000ffff8"
CONFIGS = ["1190", "138856e5a54880", "2b920800"]


def target(data: bytes) -> None:
    """The first byte chooses the way in."""
    way, data = data[:1], data[1:]
    if way < b"\x40":
        header = mpeg1.parse_sequence_header(data)
        assert mpeg1.jsmp_header(header.width, header.height)
        assert header.frame_rate in mpeg1.FRAME_RATES
    elif way < b"\x80":
        assert len(mpeg1.picture_types(data)) == data.count(mpeg1.PICTURE_CODE)
    elif way < b"\xc0":
        if mpeg1.check_jsmp(data):
            assert mpeg1.picture_types(data) == [mpeg1.I_PICTURE]
            assert not mpeg1.parse_sequence_header(data).own_matrices
    else:
        framed = AdtsFramer(data).frame(b"\x21")
        assert adts.split_adts(framed)[1] == [b"\x21"]


def seeds() -> list[bytes]:
    stream = bytes.fromhex(SEQUENCE)
    configs = [b"\xc0" + bytes.fromhex(text) for text in CONFIGS]
    return [*(way + stream for way in (b"\x00", b"\x40", b"\x80")), *configs]


if __name__ == "__main__":
    fuzz(target, seeds())
