import pytest

from televise.errors import FormatError
from televise.formats import aac, adts
from televise.formats.adts import AdtsFramer
from tests.formats.witness import encode_aac, ffmpeg


@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (44100, 1), (8000, 6), (96000, 8)])
def test_frames_come_back_out(rate: int, channels: int) -> None:
    config = aac.make_audio_config(aac.LC, rate, channels)
    framer = AdtsFramer(config.data)
    frames = [b"\x21" * size for size in (1, 300, 8184)]
    assert adts.split_adts(b"".join(map(framer.frame, frames))) == (config, frames)


def test_of_he_aac_the_core_is_described() -> None:
    config = aac.make_audio_config(aac.SBR, 48000, 2)
    core, _ = adts.split_adts(AdtsFramer(config.data).frame(b"\x21"))
    assert (core.object_type, core.sample_rate, core.channels) == (aac.LC, 24000, 2)


def test_a_frame_that_is_too_long() -> None:
    framer = AdtsFramer(aac.make_audio_config(aac.LC, 48000, 2).data)
    with pytest.raises(FormatError, match="13 bits"):
        framer.frame(bytes(8185))


@pytest.mark.parametrize(
    "config",
    ["", "1f", "178800e5c08800", "1000", "1180", "ba0a0800", "f8a00000", "12d8"],
    ids=["none", "cut", "rate", "channels 0", "channels 0, 48 kHz", "type 23", "type 32", "11"],
)
def test_configs_that_adts_cannot_express(config: str) -> None:
    with pytest.raises(FormatError):
        AdtsFramer(bytes.fromhex(config))


@pytest.mark.usefixtures("programs")
def test_ffmpeg_plays_it() -> None:
    encoding = encode_aac()
    framer = AdtsFramer(encoding.extradata)
    stream = b"".join(framer.frame(packet.data) for packet in encoding.packets)
    assert ffmpeg(stream, "-f", "aac", "-i", "-", "-f", "s16le", "-")
