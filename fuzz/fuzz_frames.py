"""Fuzz what a Python program says to the worker of its channel, beside its pictures."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import LinkError
    from televise.link.frames import Receiver, Samples, encode_samples

from fuzz.harness import fuzz


def target(data: bytes) -> None:
    """The first byte says how many descriptors came, the second where the bytes are cut in two."""
    count, cut, data = sum(data[:1]) % 4, sum(data[1:2]), data[2:]
    cut = cut * len(data) // 255
    whole = understood([data], count)
    assert whole == understood([data[:cut], data[cut:]], count)
    sound = [each for each in whole[0] if isinstance(each, Samples)]
    assert sum(len(each.data) for each in sound) <= len(data)
    for each in sound:
        assert list(Receiver().feed(encode_samples(each))) == [each]


def understood(pieces: list[bytes], count: int) -> tuple[list[object], str]:
    """The messages up to the first LinkError, and what that says."""
    receiver, seen, descriptors = Receiver(), list[object](), range(count)
    try:
        for piece in pieces:
            seen.extend(receiver.feed(piece, descriptors))
            descriptors = range(0)
    except LinkError as error:
        return seen, str(error)
    return seen, ""


def seeds() -> list[bytes]:
    sound = encode_samples(Samples(7, 48_000, 2, "s16", bytes(range(16))))
    return [b"\2\x80" + each for each in (b"\0\0", b"\1\0", sound, b"\1" + sound + b"\0" + sound)]


if __name__ == "__main__":
    fuzz(target, seeds())
