"""An endless GIF, frame by frame as its bytes arrive, and what is seen of it."""

import io

import numpy as np
from PIL import Image, ImageSequence

from televise.formats import gif
from televise.testing import read_barcode
from tests.support.wire import Stream


async def read_header(stream: Stream) -> bytes:
    """All that comes before the first frame."""
    return await stream.exactly(gif.HEADER_BYTES)


async def read_frame(stream: Stream) -> bytes:
    """The next frame: graphic control, image descriptor, its own colour table, image data."""
    data = await stream.exactly(18)
    assert (data[:3], data[7:9]) == (b"\x21\xf9\x04", b"\0\x2c")
    assert data[17] & gif.TABLE, "each frame has colours of its own"
    data += await stream.exactly((6 << (data[17] & gif.TABLE_SIZE)) + 1)
    while size := (await stream.exactly(1))[0]:
        data += bytes((size,)) + await stream.exactly(size)
    return data + b"\0"


def parsed(header: bytes, data: bytes) -> gif.Frame:
    """What one frame says of itself."""
    *_, frame = gif.walk(header + data)
    assert isinstance(frame, gif.Frame)
    return frame


def is_whole(header: bytes, data: bytes) -> bool:
    """Whether a frame can be shown without the ones before it."""
    screen, *_ = gif.walk(header)
    assert isinstance(screen, gif.Screen)
    frame = parsed(header, data)
    everything = gif.Rectangle(0, 0, screen.width, screen.height)
    return frame.place == everything and frame.control.transparent is None


def numbers(stream: bytes) -> list[int]:
    """The frame numbers in the pictures of the test pattern that Pillow sees."""
    with Image.open(io.BytesIO(stream)) as opened:
        pictures = [np.asarray(each.convert("RGB")) for each in ImageSequence.Iterator(opened)]
    return [read_barcode(picture).number for picture in pictures]
