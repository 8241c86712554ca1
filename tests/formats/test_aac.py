from typing import Any

import av
import pytest
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, LocalError
from televise.formats import aac, adts
from televise.formats.aac import AudioConfig
from tests.formats.witness import encode_aac, ffmpeg, ffprobe

LAYOUTS = [
    ("mono", 1), ("stereo", 2), ("3.0", 3), ("4.0", 4), ("5.0", 5), ("5.1", 6), ("7.1", 8),
    # FFmpeg describes these in a program_config_element.
    ("quad", 4), ("hexagonal", 6), ("6.1", 7), ("octagonal", 8),
]  # fmt: skip
# Published configs: hexadecimal, object type, output rate, output channels.
EXTENDED = [
    ("2b920800", 5, 44100, 2),  # SBR, signalled explicitly
    ("139056e5a0", 5, 44100, 2),  # SBR, backward compatible
    ("138856e5a0", 5, 44100, 1),
    ("138856e5a54800", 5, 44100, 1),
    ("eb8a0800", 29, 44100, 2),  # SBR and PS, signalled explicitly
    ("eb098800", 29, 48000, 2),
    ("138856e5a54880", 29, 44100, 2),  # SBR and PS, backward compatible
    ("139056e5a54800", 5, 44100, 2),  # PS announced as absent
    ("121056e500", 2, 44100, 2),  # SBR announced as absent
]


@pytest.mark.parametrize(("layout", "channels"), LAYOUTS)
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_configs_of_ffmpegs_encoder(rate: int, layout: str, channels: int) -> None:
    data = encode_aac(rate, layout).extradata
    assert aac.parse_audio_config(data) == AudioConfig(2, rate, channels, data)


@pytest.mark.parametrize(("rate", "channels", "layout"), [(48000, 2, "stereo"), (8000, 1, "mono")])
def test_made_configs_begin_like_ffmpegs(rate: int, channels: int, layout: str) -> None:
    ours = aac.make_audio_config(2, rate, channels)
    # Behind it FFmpeg says that there is no SBR.
    assert encode_aac(rate, layout).extradata == ours.data + bytes.fromhex("56e500")
    assert ours.codec_string() == "mp4a.40.2"


@pytest.mark.parametrize(("text", "object_type", "rate", "channels"), EXTENDED)
def test_extensions_give_the_output(text: str, object_type: int, rate: int, channels: int) -> None:
    config = aac.parse_audio_config(bytes.fromhex(text))
    assert (config.object_type, config.sample_rate, config.channels) == (
        object_type, rate, channels,
    )  # fmt: skip
    assert config.codec_string() == f"mp4a.40.{object_type}"


# Where one channel says nothing about PS, FFmpeg prepares for it and puts out two.
@pytest.mark.parametrize("text", [text for text, *_ in EXTENDED if text != "138856e5a0"])
def test_extensions_are_what_ffmpegs_decoder_puts_out(text: str) -> None:
    """A core stream under an extended config: the decoder then puts out the extension's rate."""
    config = aac.parse_audio_config(bytes.fromhex(text))
    halves = 2 if config.object_type in (5, 29) else 1
    layout = "mono" if config.object_type == 29 or config.channels == 1 else "stereo"
    decoder = _decoder(config)
    for packet in encode_aac(config.sample_rate // halves, layout).packets:
        frames = decoder.decode(av.Packet(packet.data))
    assert [frame.sample_rate for frame in frames] == [config.sample_rate]
    assert [frame.samples for frame in frames] == [1024 * halves]
    assert decoder.layout.nb_channels == config.channels


@given(
    st.sampled_from([1, 2, 3, 4, 5, 29]),
    st.sampled_from(aac.SAMPLE_RATES) | st.integers(2, (1 << 24) - 1),
    st.sampled_from(sorted(aac.CONFIGURATIONS)),
)
def test_made_configs_come_back(object_type: int, rate: int, channels: int) -> None:
    made = aac.make_audio_config(object_type, rate, 2 if object_type == 29 else channels)
    assert aac.parse_audio_config(made.data) == made


@pytest.mark.parametrize(
    "values",
    [(2, 0, 2), (2, 1 << 24, 2), (2, 48000, 9), (2, 48000, 0), (29, 48000, 1), (42, 48000, 2)],
)
def test_configs_that_aac_cannot_express(values: tuple[int, int, int]) -> None:
    with pytest.raises(LocalError):
        aac.make_audio_config(*values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends too early"),
        ("11", "ends too early"),
        ("1690", "index 13 is reserved"),
        ("1780000000", "rate is 0"),
        ("1240", "configuration 8 is reserved"),
        ("1200", "ends too early"),  # channels in a program that is not there
    ],
)
def test_bad_configs_are_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        aac.parse_audio_config(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["1210", "121056", "121056e0", "1210000000", "121056e400"])
def test_what_follows_the_core_and_is_no_sbr_is_ignored(text: str) -> None:
    config = aac.parse_audio_config(bytes.fromhex(text))
    assert (config.object_type, config.sample_rate) == (2, 44100)


def test_a_program_without_channels_is_refused() -> None:
    with pytest.raises(FormatError, match="no channels"):
        aac.parse_audio_config(bytes.fromhex("1180") + bytes(12))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_config_or_refused(data: bytes) -> None:
    try:
        config = aac.parse_audio_config(data)
    except FormatError:
        return
    assert config.sample_rate > 0
    assert config.channels > 0
    assert config.data == data


@given(st.binary())
def test_any_bytes_are_adts_or_refused(data: bytes) -> None:
    try:
        adts.split_adts(data)
    except FormatError:
        return
    assert adts.is_adts(data)


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (44100, 1), (16000, 2), (48000, 6)])
def test_adts_of_ffmpeg(rate: int, channels: int) -> None:
    data = _adts_by_ffmpeg(rate, channels)
    config, frames = adts.split_adts(data)
    assert adts.is_adts(data)
    assert config == aac.make_audio_config(2, rate, channels)
    assert sum(map(len, frames)) == len(data) - 7 * len(frames)
    counted = ffprobe(
        data, "-f", "aac", "-count_packets", "-show_entries", "stream=nb_read_packets"
    )
    assert int(counted["streams"][0]["nb_read_packets"]) == len(frames)
    decoder = _decoder(config)
    decoded = [out for frame in frames for out in decoder.decode(av.Packet(frame))]
    assert sum(frame.samples for frame in decoded) == 1024 * len(frames)
    assert (decoder.sample_rate, decoder.layout.nb_channels) == (rate, channels)


def test_adts_with_checksums_loses_them() -> None:
    frames = [packet.data for packet in encode_aac().packets]
    data = b"".join(_adts(frame, checksum=b"\x12\x34") for frame in frames)
    assert adts.split_adts(data) == (aac.make_audio_config(2, 48000, 2), frames)


@given(st.lists(st.binary(min_size=1, max_size=900), min_size=1))
def test_adts_round_trip(frames: list[bytes]) -> None:
    data = b"".join(map(_adts, frames))
    assert adts.split_adts(data)[1] == frames
    assert adts.is_adts(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda frame: b"", "no data"),
        (lambda frame: frame[:6], "begin with a header"),
        (lambda frame: frame[:-1], "does not fit"),
        (lambda frame: frame + b"\xff", "begin with a header"),
        (lambda frame: frame + b"\x00" * 9, "begin with a header"),
        (lambda frame: frame + frame[:2] + b"\x54" + frame[3:], "changes its config"),
        (lambda frame: frame[:6] + b"\xfd" + frame[7:], "several raw blocks"),
        (lambda frame: frame[:3] + b"\x00\x00\xff" + frame[6:], "does not fit"),
        (lambda frame: frame[:2] + b"\x4c\x00" + frame[4:], "describe their channels"),
        (lambda frame: frame[:2] + b"\x7c" + frame[3:], "index 15 is reserved"),
    ],
)
def test_bad_adts_is_refused(data: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        adts.split_adts(data(_adts(b"raw frame")))


def test_raw_frames_are_not_adts() -> None:
    assert not any(adts.is_adts(packet.data) for packet in encode_aac().packets)
    assert not adts.is_adts(b"\xff\xfb\x90\x64" + bytes(400))  # MP3
    assert not adts.is_adts(_adts(b"one") + b"\x00\x00")


def _adts(frame: bytes, checksum: bytes = b"") -> bytes:
    """AAC-LC, 48 kHz, stereo: the 56 bits of ISO/IEC 14496-3 1.A.2.2, one after another."""
    length = 7 + len(checksum) + len(frame)
    absent = "0" if checksum else "1"
    bits = f"111111111111000{absent}" + "01" + "0011" + "0" + "010" + "0000"
    bits += f"{length:013b}" + "1" * 11 + "00"
    return int(bits, 2).to_bytes(7, "big") + checksum + frame


def _adts_by_ffmpeg(rate: int, channels: int) -> bytes:
    sound = ("-f", "lavfi", "-i", f"sine=duration=0.5:sample_rate={rate}", "-ac", str(channels))
    return ffmpeg(b"", *sound, "-c:a", "aac", "-f", "adts", "-")


def _decoder(config: AudioConfig) -> AudioCodecContext:
    decoder = av.CodecContext.create("aac", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.extradata = config.data
    decoder.open()
    return decoder
