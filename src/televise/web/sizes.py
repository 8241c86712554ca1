"""Sizes: how large may be what others send us."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from televise.errors import TooLarge
from televise.model import refusals
from televise.model.allowed import ALLOWED


@dataclass
class Sizes:
    """In bytes: of a request before its body, of JSON, of a picture, of one message of a publisher;
    and how many pixels a picture may have."""

    header: int = ALLOWED["header_kilobytes"].usual << 10
    body: int = ALLOWED["body_kilobytes"].usual << 10
    picture: int = ALLOWED["picture_megabytes"].usual << 20
    message: int = ALLOWED["message_megabytes"].usual << 20
    pixels: int = ALLOWED["pixels"].usual


def too_large(limit: str, text: str) -> TooLarge:
    """The error to raise where something is larger than this ``limit``; ``text`` says which it is,
    and how much would be right."""
    refusals.counts[limit] += 1
    return TooLarge(text)


async def read(content: AsyncIterator[bytes], most: int, limit: str, text: str) -> bytes:
    """All of a body. `too_large` where that is more than ``most`` bytes."""
    data = bytearray()  # which costs no more where it comes in tiny pieces
    async for part in content:
        data += part
        if len(data) > most:
            raise too_large(limit, text)
    return bytes(data)
