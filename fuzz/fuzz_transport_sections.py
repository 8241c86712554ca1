"""Fuzz the cuts of a transport stream: only what is no packet is lost, and nothing comes twice."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats.transport_sections import TransportSections

from fuzz.harness import fuzz, golden

# Every cut brings the table of programs again.
MOST_ADDED = 188


def target(data: bytes) -> None:
    sections, size, cuts = TransportSections(), 0, 0
    for start in range(0, len(data), 500):
        size += len(sections.feed(data[start : start + 500]))
        while sections.cut:
            cuts += 1
            size += len(sections.resume())
            assert cuts <= len(data), "it does not get further"
    assert size <= len(data) + cuts * MOST_ADDED


def seeds() -> list[bytes]:
    first, second = golden("mpegts_keyframe"), golden("mpegts_sound")
    return [first, second, first + second + first, first[5:] + second]


if __name__ == "__main__":
    fuzz(target, seeds())
