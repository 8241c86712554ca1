"""Packets and decoders without a file."""

from fractions import Fraction
from typing import cast

import av

from televise.media.source import AnyPacket, Decoder

TS_PACKET = 188
# FFmpeg's muxer gives the first stream this one.
VIDEO_PID = 0x100


def make_packet(data: bytes) -> AnyPacket:
    return av.Packet(data)


def decoder(codec: str) -> Decoder:
    return cast("Decoder", av.CodecContext.create(codec, "r"))


def begins_picture(head: bytes) -> bool:
    """Of a transport packet: payload_unit_start_indicator and PID (ISO/IEC 13818-1 2.4.3.3)."""
    flags = int.from_bytes(head[1:3], "big")
    return bool(flags & 0x4000) and flags & 0x1FFF == VIDEO_PID


def make_timed(seconds: float, duration: float) -> AnyPacket:
    """One that is decoded and shown then."""
    packet = av.Packet(b"x")
    packet.time_base = Fraction(1, 90_000)
    packet.dts = packet.pts = round(seconds * 90_000)
    packet.duration = round(duration * 90_000)
    return packet
