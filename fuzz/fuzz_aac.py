"""Fuzz AudioSpecificConfig and ADTS."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats import aac, adts

from fuzz.harness import fuzz

CONFIGS = ["119056e500", "2b920800", "eb8a0800", "138856e5a54880", "11800004c80080208c80200000"]
ADTS = "fff14c80017ffc2110fff14c80017ffc2110"


def target(data: bytes) -> None:
    """The first byte chooses between a config and a stream."""
    way, data = data[:1], data[1:]
    if way < b"\x80":
        config = aac.parse_audio_config(data)
        assert config.sample_rate > 0
        assert config.channels > 0
        assert config.codec_string()
    else:
        _, frames = adts.split_adts(data)
        assert adts.is_adts(data)
        assert frames
        assert all(frames)


def seeds() -> list[bytes]:
    configs = [b"\x00" + bytes.fromhex(text) for text in CONFIGS]
    return [*configs, b"\x80" + bytes.fromhex(ADTS)]


if __name__ == "__main__":
    fuzz(target, seeds())
