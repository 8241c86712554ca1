"""What the test pattern carries in its pictures."""

from typing import TYPE_CHECKING, Any

from televise.errors import FormatError
from televise.formats.barcode import CELLS, Stamp, decode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The two rows of the barcode lie at the top; these heights (of 1) are inside them at every size.
_ROWS = (0.025, 0.075)


def read_barcode(picture: "NDArray[np.uint8]") -> Stamp:
    """The frame number and the time that the test pattern wrote into ``picture``.

    ``picture`` is rows x columns of luma, or rows x columns x 3 of RGB, the whole picture and at
    least 160 pixels wide, in whatever size it was scaled to. FormatError where no barcode can be
    read.
    """
    luma = picture if picture.ndim == 2 else picture.mean(axis=2)
    if luma.shape[0] < 16 or luma.shape[1] < 2 * CELLS:
        raise FormatError(f"a picture of {luma.shape[1]}x{luma.shape[0]} is too small to read")
    return decode([_cells(luma, height) for height in _ROWS])


def _cells(luma: Any, height: float) -> list[bool]:
    """One row: the brightness in the middle of each cell, against that of the two marks."""
    line = luma[int(height * luma.shape[0])]
    width = len(line) / CELLS
    starts = [int((cell + 0.3) * width) for cell in range(CELLS)]
    stride = max(1, int(0.4 * width))
    values = [float(line[start : start + stride].mean()) for start in starts]
    threshold = (values[0] + values[-1]) / 2
    if values[0] - values[-1] < 64:
        raise FormatError("there is no barcode at the top of the picture")
    return [value > threshold for value in values]
