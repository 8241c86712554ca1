"""Packets and decoders without a file."""

from typing import cast

import av

from televise.media.source import AnyPacket, Decoder


def make_packet(data: bytes) -> AnyPacket:
    return av.Packet(data)


def decoder(codec: str) -> Decoder:
    return cast("Decoder", av.CodecContext.create(codec, "r"))
