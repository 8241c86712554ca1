"""Real encoders and decoders that the tests compare this package with."""

import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

GOLDEN = Path(__file__).parent.parent / "golden"
FRAMES_PER_SECOND = 25


@dataclass(frozen=True)
class Coded:
    """One packet of an encoder."""

    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool


@dataclass(frozen=True)
class Encoding:
    """An encoder's global header and its packets."""

    extradata: bytes
    packets: list[Coded]


def golden(name: str) -> bytes:
    """The bytes of a golden file: hexadecimal, white space is free."""
    return bytes.fromhex((GOLDEN / f"{name}.hex").read_text())


def pictures(width: int, height: int, count: int, pix_fmt: str) -> list[av.VideoFrame]:
    """Moving noise, so that an encoder has something to say about every frame."""
    random = np.random.default_rng(1)
    noise = random.integers(0, 255, (height, width, 3), dtype=np.uint8)
    frames = []
    for index in range(count):
        shifted = np.ascontiguousarray(np.roll(noise, index * 2, axis=1))
        frame = av.VideoFrame.from_ndarray(shifted, format="rgb24").reformat(format=pix_fmt)
        frame.pts, frame.time_base = index, Fraction(1, FRAMES_PER_SECOND)
        frames.append(frame)
    return frames


def encode_h264(
    width: int = 64, height: int = 48, count: int = 12, pix_fmt: str = "yuv420p", **options: str
) -> Encoding:
    """x264's packets (Annex B) in a time base of 1/25 s."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, pix_fmt
    encoder.time_base = Fraction(1, FRAMES_PER_SECOND)
    encoder.framerate = Fraction(FRAMES_PER_SECOND)
    encoder.flags |= Flags.global_header
    encoder.options = {"preset": "ultrafast", "threads": "1", **options}
    encoder.open()
    frames = [*pictures(width, height, count, pix_fmt), None]
    packets = [packet for frame in frames for packet in encoder.encode(frame)]
    return Encoding(bytes(encoder.extradata or b""), [_coded(packet, 1) for packet in packets])


def encode_aac(rate: int = 48000, layout: str = "stereo", seconds: float = 0.5) -> Encoding:
    """AAC-LC packets in a time base of one sample."""
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
    encoder.time_base = Fraction(1, rate)
    encoder.flags |= Flags.global_header
    encoder.open()
    resampler = AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=1024)
    tone = np.sin(np.arange(int(rate * seconds)) * 0.05).astype(np.float32)[np.newaxis]
    sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
    sound.sample_rate, sound.pts, sound.time_base = rate, 0, Fraction(1, rate)
    frames = [*resampler.resample(sound), *resampler.resample(None), None]
    packets = [packet for frame in frames for packet in encoder.encode(frame)]
    return Encoding(bytes(encoder.extradata or b""), [_coded(packet, 1024) for packet in packets])


def _coded(packet: "av.Packet[Any]", duration: int) -> Coded:
    assert packet.pts is not None
    assert packet.dts is not None
    return Coded(bytes(packet), packet.pts, packet.dts, duration, packet.is_keyframe)


def decode_h264(encoding: Encoding) -> tuple[VideoCodecContext, list[av.VideoFrame]]:
    """FFmpeg's decoder after all packets, and its frames."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata = encoding.extradata
    decoder.thread_count = 1
    packets: list[av.Packet[Any] | None] = []
    for coded in encoding.packets:
        packet = av.Packet(coded.data)
        packet.pts, packet.dts = coded.pts, coded.dts
        packets.append(packet)
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return decoder, frames


def mp4_by_ffmpeg(encoding: Encoding) -> bytes:
    """The same packets in a fragmented MP4 file that the system's ffmpeg wrote."""
    stream = encoding.extradata + b"".join(packet.data for packet in encoding.packets)
    movie = ("-c", "copy", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov")
    return ffmpeg(stream, "-f", "h264", "-i", "-", *movie, "-")


def ffmpeg(data: bytes, *arguments: str) -> bytes:
    """Standard output of the system's ffmpeg, which must have nothing to complain about."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode", *arguments]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout


def ffprobe(data: bytes, *arguments: str) -> Any:
    """What the system's ffprobe says about ``data``, as JSON values."""
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments, "-"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return json.loads(done.stdout)
