import numpy as np
import pytest

from televise.media.encoders import palette
from televise.media.encoders.palette import Dither, Palette, Pixels


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 1 << 24, (height, width), dtype=np.uint32)


def test_each_cell_has_a_number_of_its_own() -> None:
    levels = np.arange(0, 256, 8)
    every = levels[:, None, None] << 16 | levels[:, None] << 8 | levels
    assert len(np.unique(palette._cells(every.astype(np.uint32)))) == 1 << 15


def test_an_unknown_colour_gets_the_nearest_one() -> None:
    pixels = np.array([[0xFF0000, 0x00FF00, 0x0000FF]], np.uint32)
    known = Palette(pixels, 256)
    other = np.array([[0xF01010, 0x2040FF, 0x20D030, 0xFF0000]], np.uint32)
    rgb = known.colours[known.indices(other)]
    assert rgb.tolist() == [[[255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 0, 0]]]


def test_colours_that_only_turn_up_later_are_nearly_as_good() -> None:
    found = Palette(noise(90, 160) & np.uint32(0x7F7F7F), 256)
    assert not found.exact
    later = np.roll(noise(91, 160)[1:], 7, 1) & np.uint32(0x7F7F7F)
    known = found.colours.astype(np.int32)
    points = np.stack([later >> shift & 0xFF for shift in (16, 8, 0)], -1).astype(np.int32)
    best = ((points[:, :, np.newaxis] - known) ** 2).sum(-1).min(-1).mean()
    assert found.error(later, found.indices(later)) < 1.3 * best


def test_a_dither_keeps_the_mean() -> None:
    grey = np.full((64, 64), 0x808080, np.uint32)
    shifted = Dither(64, 64, 256).shift(grey, (slice(0, 64), slice(0, 64))) & 0xFF
    assert abs(float(shifted.mean()) - 0x80) < 1
    assert len(np.unique(shifted)) > 8


@pytest.mark.parametrize("count", [1, 2, 3, 100, 255, 256])
def test_no_more_colours_than_asked_for_and_all_of_use(count: int) -> None:
    pixels = noise(90, 160)
    found = Palette(pixels, count)
    indices = found.indices(pixels)
    assert len(found.colours) == min(count, palette.MAX_COLOURS)
    assert set(indices.ravel().tolist()) == set(range(len(found.colours)))


def test_more_colours_are_better() -> None:
    pixels = noise(90, 160)
    found = [Palette(pixels, count) for count in (2, 16, 255)]
    errors = [each.error(pixels, each.indices(pixels)) for each in found]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_the_upper_bits_of_a_pixel_do_not_matter() -> None:
    pixels = noise(30, 40)
    found = Palette(pixels | np.uint32(0xFF000000), 16)
    assert np.array_equal(found.indices(pixels), found.indices(pixels | np.uint32(0xAB000000)))


def test_nothing_is_looked_up_in_nothing() -> None:
    assert Palette(noise(8, 8), 4).indices(noise(0, 8)).shape == (0, 8)
