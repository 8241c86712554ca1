"""Fuzz NAL units, parameter sets and avcC records."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import FormatError
    from televise.formats import h264
    from televise.formats.sps import parse_sps

from fuzz.harness import fuzz, golden


def target(data: bytes) -> None:
    """The first byte chooses the way in."""
    way, data = data[:1], data[1:]
    if way < b"\x40":
        parse_sps(b"\x67" + data)
    elif way < b"\x80":
        check(h264.parse_record(data)[0])
    elif way < b"\xc0":
        nals = h264.split_annexb(data)
        assert h264.split_annexb(h264.join_annexb(nals)) == nals
        any(map(h264.is_b_slice, nals))
        check(h264.parameter_sets_annexb(data))
    else:
        nals = h264.split_avcc(data, 1 << way[0] % 3)
        assert h264.split_avcc(h264.join_avcc(nals)) == nals


def check(sets: h264.ParameterSets | None) -> None:
    """What was accepted must survive its own record."""
    if sets is None:
        return
    assert sets.codec_string().startswith("avc1.")
    try:
        record = sets.record()
    except FormatError:
        return
    assert h264.parse_record(record) == (sets, 4)


def seeds() -> list[bytes]:
    annexb = golden("h264_extradata")
    sets = h264.parameter_sets_annexb(annexb)
    assert sets is not None
    nals = [*sets.sps, *sets.pps, b"\x41\x9a\x24\x6c"]
    return [
        b"\x00" + sets.sps[0][1:],
        b"\x40" + sets.record(),
        b"\x80" + h264.join_annexb(nals),
        b"\xc2" + h264.join_avcc(nals),
    ]


if __name__ == "__main__":
    fuzz(target, seeds())
