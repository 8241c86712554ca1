"""The pixels of a frame as arrays, without a copy."""

import av
import numpy as np
from numpy.typing import NDArray


def pixel_planes(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """One array of rows x columns for each plane of an 8 bit planar frame; it is the frame."""
    arrays = []
    for plane in frame.planes:
        pixels = np.frombuffer(memoryview(plane), np.uint8)
        arrays.append(pixels.reshape(plane.height, plane.line_size)[:, : plane.width])
    return arrays


def copy_of(frame: av.VideoFrame) -> av.VideoFrame:
    """The same pixels in a frame of one's own, for who has to write something on it."""
    copy = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for target, pixels in zip(pixel_planes(copy), pixel_planes(frame), strict=True):
        target[:] = pixels
    return copy
