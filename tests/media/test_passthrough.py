"""What is passed through, in which form, and what is not."""

import pytest

from televise.errors import FormatError, Unfit
from televise.formats import aac, h264
from televise.media.encoders.encoded import Encoded
from televise.media.passthrough import aac as aac_path
from televise.media.passthrough import h264 as h264_path
from televise.media.passthrough import jpeg as jpeg_path
from televise.media.passthrough.aac import AacPath
from televise.media.passthrough.h264 import H264Path
from televise.media.passthrough.jpeg import JpegPath
from televise.media.passthrough.path import Path
from televise.media.source import Input
from televise.media.unit import Place, Unit
from tests.formats.witness import Coded, Encoding, encode_aac, encode_h264
from tests.formats.witness import pictures as noise
from tests.media.packets import decoder, make_packet

VIDEO = Input("video", "h264", decoder("h264"), rate=25)
AUDIO = Input("audio", "aac", decoder("aac"), rate=48_000, channels=2)


def unit(data: bytes, seconds: float = 1.0, duration: float = 0.04) -> Unit:
    place = Place(seconds, seconds, duration, 0.0)
    return Unit(0, make_packet(data), data, place, 7)


def through(path: Path, *datas: bytes, step: float = 0.04) -> list[Encoded]:
    units = [unit(data, 1 + number * step) for number, data in enumerate(datas)]
    return [encoded for each in units for encoded in path.packets(each)]


@pytest.fixture(scope="module")
def film() -> Encoding:
    return encode_h264(tune="zerolatency", x264_params="repeat-headers=0")


def test_annex_b_becomes_lengths_without_parameter_sets(film: Encoding) -> None:
    sets = film.extradata
    found = through(H264Path(VIDEO), *(sets + packet.data for packet in film.packets))
    assert len(found) == len(film.packets)
    for encoded, packet in zip(found, film.packets, strict=True):
        kept = [n for n in h264.split_annexb(packet.data) if h264.nal_type(n) not in (7, 8, 9)]
        assert h264.split_avcc(encoded.data) == kept
        assert encoded.keyframe == packet.keyframe
    (track,) = {encoded.track for encoded in found}
    assert (track.width, track.height, track.delivery) == (64, 48, "passthrough")


def test_nothing_goes_out_before_the_parameter_sets(film: Encoding) -> None:
    path = H264Path(VIDEO)
    assert through(path, *(packet.data for packet in film.packets[:3])) == []
    (encoded,) = through(path, film.extradata + film.packets[0].data)
    assert encoded.keyframe


def test_other_parameter_sets_are_another_track(film: Encoding) -> None:
    other = encode_h264(96, 64, 1, tune="zerolatency")
    first, second = through(
        H264Path(VIDEO),
        film.extradata + film.packets[0].data,
        other.extradata + other.packets[0].data,
    )
    assert (first.track.width, second.track.width) == (64, 96)


def test_b_frames_are_unfit() -> None:
    film = encode_h264(bf="2", b_adapt="0")
    path = H264Path(Input("video", "h264", VIDEO.decoder))
    with pytest.raises(Unfit, match="B-frames"):
        through(path, *(packet.data for packet in film.packets))


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p", "yuv420p10le"])
def test_what_browsers_cannot_take_is_unfit(pix_fmt: str) -> None:
    film = encode_h264(pix_fmt=pix_fmt, count=1)
    with pytest.raises(Unfit, match="browsers cannot take H"):
        H264Path(Input("video", "h264", VIDEO.decoder, film.extradata))
    assert h264_path.unfit(Input("video", "h264", VIDEO.decoder, film.extradata)).startswith(
        "browsers cannot take H.264 profile"
    )


def test_rare_keyframes_are_unfit(film: Encoding) -> None:
    """Who joins has to take in everything since the last one."""
    path = H264Path(Input("video", "h264", VIDEO.decoder, film.extradata))
    key, other = film.packets[0].data, film.packets[1].data
    assert len(through(path, *[key, other, other], step=5)) == 3
    with pytest.raises(Unfit, match="more than 10 s apart"):
        through(path, *[key, other, other, other], step=5)


def test_a_broken_unit_is_left_out(film: Encoding) -> None:
    path = H264Path(Input("video", "h264", VIDEO.decoder, film.extradata))
    with pytest.raises(FormatError):
        through(path, b"rubbish")
    assert len(through(path, film.packets[0].data)) == 1


def adts(coded: Coded, rate: int = 48_000, blocks: int = 0) -> bytes:
    """An ADTS header of seven bytes, stereo, and the block."""
    index = aac.SAMPLE_RATES.index(rate)
    size = len(coded.data) + 7
    bits = f"{0xFFF:012b}0001{1:02b}{index:04b}0{2:03b}0000{size:013b}{0x7FF:011b}{blocks:02b}"
    return int(bits, 2).to_bytes(7, "big") + coded.data


def test_adts_headers_are_taken_off() -> None:
    sound = encode_aac()
    data = [adts(packet) for packet in sound.packets]
    path = AacPath(AUDIO)
    found = through(path, data[0], data[1] + data[2] + data[3])
    assert [encoded.data for encoded in found] == [packet.data for packet in sound.packets[:4]]
    (track,) = {encoded.track for encoded in found}
    assert aac.parse_audio_config(track.config).channels == 2
    ticks = [encoded.dts for encoded in found]
    assert ticks == sorted(set(ticks))


def test_a_raw_block_goes_as_it_is() -> None:
    sound = encode_aac()
    source = Input("audio", "aac", AUDIO.decoder, sound.extradata, rate=48_000, channels=2)
    found = through(AacPath(source), *(packet.data for packet in sound.packets))
    assert [encoded.data for encoded in found] == [packet.data for packet in sound.packets]
    assert found[0].track.config == sound.extradata


def test_the_headers_know_better_than_what_was_guessed() -> None:
    """HE-AAC without a configuration: the decoder's rate is twice that of the stream."""
    path = AacPath(AUDIO)
    assert path.track is not None
    assert path.track.sample_rate == 48_000
    (encoded,) = through(path, adts(encode_aac(24_000).packets[0], 24_000))
    assert encoded.track.sample_rate == encoded.track.timescale == 24_000


def test_adts_that_we_do_not_split_is_unfit_at_first_and_broken_later() -> None:
    packet = encode_aac().packets[0]
    with pytest.raises(Unfit, match="unusual"):
        through(AacPath(AUDIO), adts(packet, blocks=1))
    path = AacPath(AUDIO)
    with pytest.raises(FormatError):
        through(path, adts(packet), adts(packet, blocks=1))


@pytest.mark.parametrize(("object_type", "fits"), [(1, False), (2, True), (4, False), (5, True)])
def test_kinds_of_aac(object_type: int, fits: bool) -> None:
    config = aac.make_audio_config(object_type, 48_000, 2).data
    reason = aac_path.unfit(Input("audio", "aac", AUDIO.decoder, config, rate=48_000, channels=2))
    assert bool(reason) != fits
    if not fits:
        assert reason == f"browsers cannot take AAC of object type {object_type}"


@pytest.mark.parametrize("channels", [9, 200])
def test_more_channels_than_aac_can_say(channels: int) -> None:
    source = Input("audio", "aac", AUDIO.decoder, rate=48_000, channels=channels)
    assert aac_path.unfit(source).startswith("its configuration cannot be read")


def jpeg(width: int = 64, height: int = 48) -> bytes:
    import simplejpeg

    pixels = noise(width, height, 1, "rgb24")[0].to_ndarray()
    data: bytes = simplejpeg.encode_jpeg(pixels, quality=50)
    return data


def test_jpeg_goes_as_it_is_and_another_size_is_another_track() -> None:
    small, large = jpeg(), jpeg(96, 64)
    found = through(JpegPath(Input("video", "mjpeg")), small, small, large)
    assert [encoded.data for encoded in found] == [small, small, large]
    assert all(encoded.keyframe for encoded in found)
    assert [encoded.track.width for encoded in found] == [64, 64, 96]
    assert found[0].track is found[1].track


def test_jpeg_that_is_no_picture_is_left_out() -> None:
    data = jpeg()
    at = data.index(b"\xff\xc0") + 5
    huge = data[:at] + b"\xea\x60\xea\x60" + data[at + 4 :]
    for broken in (huge, b"\xff\xc4 but no picture"):
        with pytest.raises(FormatError):
            through(JpegPath(Input("video", "mjpeg")), broken)


def test_jpeg_that_is_too_much_is_unfit() -> None:
    data = jpeg() + bytes(jpeg_path.MAX_BYTES)
    with pytest.raises(Unfit, match="more than 4 MB"):
        through(JpegPath(Input("video", "mjpeg")), data)
    with pytest.raises(Unfit, match="no Huffman tables"):
        through(JpegPath(Input("video", "mjpeg")), jpeg().replace(b"\xff\xc4", b"\xff\xfe"))
