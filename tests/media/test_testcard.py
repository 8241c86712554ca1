"""The test picture: its planes and its movement."""

import numpy as np
import pytest

from televise.media.testcard import TestCard
from televise.testing import Stamp, read_barcode

NOON_MS = 12 * 3_600_000


@pytest.mark.parametrize("size", [(160, 120), (320, 240), (640, 360), (1280, 720), (4096, 2304)])
def test_planes_are_those_of_yuv420p_in_limited_range(size: tuple[int, int]) -> None:
    width, height = size
    luma, *chroma = TestCard(width, height).render(3, NOON_MS)
    assert luma.shape == (height, width)
    assert luma.dtype == np.uint8
    assert luma.min() >= 16
    assert luma.max() <= 235
    for plane in chroma:
        assert plane.shape == (height // 2, width // 2)
        assert plane.min() >= 16
        assert plane.max() <= 240
        assert plane.max() > plane.min() + 100, "it has colours"


def test_pictures_that_are_kept_do_not_change() -> None:
    card = TestCard(320, 240)
    first = card.render(0, NOON_MS)
    copies = [plane.copy() for plane in first]
    card.render(1, NOON_MS + 33)
    assert all(np.array_equal(plane, copy) for plane, copy in zip(first, copies, strict=True))


def test_number_and_time_are_in_the_barcode() -> None:
    card = TestCard(320, 240)
    for number in (0, 1, 9_999, (1 << 24) - 1):
        stamp = read_barcode(card.render(number, NOON_MS + number)[0])
        assert stamp == Stamp(number, (NOON_MS + number) % 86_400_000)


def test_number_and_time_are_written_for_people_too() -> None:
    card = TestCard(640, 360)
    below = slice(100, None)  # below the barcode
    base = card.render(111, NOON_MS)[0][below]
    assert not np.array_equal(base, card.render(112, NOON_MS)[0][below])
    assert not np.array_equal(base, card.render(111, NOON_MS + 1)[0][below])
    assert np.array_equal(base, card.render(111, NOON_MS)[0][below])
