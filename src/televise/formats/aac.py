"""AAC: the AudioSpecificConfig.

Source: ISO/IEC 14496-3, sections 1.6.2.1 (AudioSpecificConfig), 1.6.5.2 (how SBR is signalled) and
4.4.1 (GASpecificConfig, program_config_element).
"""

from dataclasses import dataclass
from typing import NamedTuple

from televise.errors import FormatError, LocalError
from televise.formats.bits import BitReader

# Table 1.18, samplingFrequencyIndex, in Hz; 15 means that 24 bits with the rate follow.
SAMPLE_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000,
                7350)  # fmt: skip
EXPLICIT_RATE = 15
# Table 1.19, channelConfiguration to channels; 0 means that a program_config_element says it.
CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 11: 7, 12: 8, 13: 24, 14: 8}
CONFIGURATIONS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 11, 8: 7, 24: 13}
# Table 1.17, audioObjectType.
LC = 2
SBR = 5
BSAC = 22
PS = 29
ESCAPE = 31
# Main, LC, SSR, LTP: the types in ADTS, and those that SBR may extend unannounced.
PLAIN_TYPES = (1, 2, 3, 4)
# The types with a GASpecificConfig.
GENERAL_TYPES = frozenset({1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23})
# 1.6.6.1: syncExtensionType values of the backward compatible signalling.
SYNC_SBR = 0x2B7
SYNC_PS = 0x548


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """What a decoder must know about an AAC stream.

    ``object_type`` is 2 for AAC-LC, 5 for HE-AAC (SBR), 29 for HE-AAC v2 (SBR and PS), also where
    the extension is announced the backward compatible way. ``sample_rate`` (Hz) and ``channels``
    are those of the decoder's output: with SBR the extension's rate, which is usually twice the
    rate of the core; with PS two channels out of one. SBR that the config does not announce
    (implicit signalling) cannot be seen here. ``data`` is the AudioSpecificConfig.
    """

    object_type: int
    sample_rate: int
    channels: int
    data: bytes

    def codec_string(self) -> str:
        """The ``codecs`` value for a MIME type, such as "mp4a.40.2" (RFC 6381 section 3.3)."""
        return f"mp4a.40.{self.object_type}"


class _Extension(NamedTuple):
    """The object type (0 for none) and sample rate that SBR or PS announce."""

    object_type: int = 0
    sample_rate: int = 0


def parse_audio_config(data: bytes) -> AudioConfig:
    """Parse an AudioSpecificConfig; FormatError where it is not one."""
    reader = BitReader(data)
    object_type = object_type_of(reader)
    sample_rate = _sample_rate(reader)
    configuration = reader.bits(4)
    extension = _Extension()
    if object_type in (SBR, PS):
        extension = _Extension(object_type, _sample_rate(reader))
        object_type = object_type_of(reader)
        if object_type == BSAC:
            reader.skip(4)  # extensionChannelConfiguration
    channels = _channels(reader, object_type, configuration)
    if not extension.object_type and object_type in PLAIN_TYPES:
        extension = _sync_extension(reader)
    if extension.object_type == PS and channels == 1:
        channels = 2
    return AudioConfig(
        extension.object_type or object_type, extension.sample_rate or sample_rate, channels, data
    )


def make_audio_config(object_type: int, sample_rate: int, channels: int) -> AudioConfig:
    """The config for these output values (``sample_rate`` in Hz), as `AudioConfig` defines them.

    For types 5 and 29 the AAC-LC core runs at half the rate and the extension is signalled
    explicitly (1.6.5.2, "hierarchical"). LocalError for values that AAC cannot express.
    """
    extended = object_type in (SBR, PS)
    core_channels = channels // 2 if object_type == PS else channels
    if object_type not in (*PLAIN_TYPES, SBR, PS) or (object_type == PS and channels != 2):
        raise LocalError(f"AAC object type {object_type} with {channels} channels is not known")
    if core_channels not in CONFIGURATIONS or not 1 <= sample_rate < 1 << 24:
        raise LocalError(f"AAC cannot express {channels} channels at {sample_rate} Hz")
    bits = f"{object_type:05b}" + _rate_bits(sample_rate // 2 if extended else sample_rate)
    bits += f"{CONFIGURATIONS[core_channels]:04b}"
    if extended:
        bits += _rate_bits(sample_rate) + f"{LC:05b}"
    bits += "000"  # frames of 1024 samples, no core coder, no extension
    size = -(-len(bits) // 8)
    data = int(bits.ljust(size * 8, "0"), 2).to_bytes(size, "big")
    return AudioConfig(object_type, sample_rate, channels, data)


def object_type_of(reader: BitReader) -> int:
    """An audioObjectType (1.6.2.1, GetAudioObjectType)."""
    value = reader.bits(5)
    return 32 + reader.bits(6) if value == ESCAPE else value


def _sample_rate(reader: BitReader) -> int:
    index = reader.bits(4)
    rate = reader.bits(24) if index == EXPLICIT_RATE else table_rate(index)
    if not rate:
        raise FormatError("the AAC sample rate is 0")
    return rate


def table_rate(index: int) -> int:
    """The sample rate of a samplingFrequencyIndex in Hz. FormatError."""
    if index >= len(SAMPLE_RATES):
        raise FormatError(f"the AAC sample rate index {index} is reserved; it must be below 13")
    return SAMPLE_RATES[index]


def _rate_bits(rate: int) -> str:
    if rate in SAMPLE_RATES:
        return f"{SAMPLE_RATES.index(rate):04b}"
    return f"{EXPLICIT_RATE:04b}{rate:024b}"


def _channels(reader: BitReader, object_type: int, configuration: int) -> int:
    """Read the GASpecificConfig, as far as it is needed, and count the core's channels."""
    general = object_type in GENERAL_TYPES
    if general:
        reader.skip(1)  # frameLengthFlag
        if reader.flag():  # dependsOnCoreCoder
            reader.skip(14)  # coreCoderDelay
        reader.skip(1)  # extensionFlag
    if configuration == 0 and general:
        return _program_channels(reader)
    if configuration not in CHANNELS:
        raise FormatError(f"the AAC channel configuration {configuration} is reserved")
    return CHANNELS[configuration]


def _program_channels(reader: BitReader) -> int:
    """Count the channels of a program_config_element (4.4.1.1), and read it to its end."""
    reader.skip(10)  # element_instance_tag, object_type, sampling_frequency_index
    pairs = [reader.bits(4) for _ in range(3)]  # front, side, back
    low, associated, coupling = reader.bits(2), reader.bits(3), reader.bits(4)
    for mixdown_bits in (4, 4, 3):  # mono, stereo, matrix
        if reader.flag():
            reader.skip(mixdown_bits)
    channels = low
    for _ in range(sum(pairs)):
        channels += 1 + reader.bits(1)  # is_cpe: a pair
        reader.skip(4)
    reader.skip(4 * low + 4 * associated + 5 * coupling)
    reader.align()
    reader.skip(8 * reader.bits(8))  # comment
    if not channels:
        raise FormatError("the AAC program has no channels")
    return channels


def _sync_extension(reader: BitReader) -> _Extension:
    """The backward compatible signalling of SBR and PS, behind the core's config (1.6.2.1)."""
    if reader.left < 16 or reader.bits(11) != SYNC_SBR or object_type_of(reader) != SBR:
        return _Extension()
    if not reader.flag():  # sbrPresentFlag
        return _Extension()
    rate = _sample_rate(reader)
    if reader.left >= 12 and reader.bits(11) == SYNC_PS and reader.flag():  # psPresentFlag
        return _Extension(PS, rate)
    return _Extension(SBR, rate)
