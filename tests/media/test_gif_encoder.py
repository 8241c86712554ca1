"""What a viewer sees of the GIF encoder's frames, by decoders that know nothing of it."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from televise.formats import gif
from televise.media.encoders.gif import (
    LIFE,
    LIFE_SECONDS,
    MAX_PARTS,
    MAX_SECONDS,
    STILL_BYTES_PER_SECOND,
    GifEncoder,
)
from tests.media.gif_viewer import (
    FPS,
    HEIGHT,
    WIDTH,
    Rgb,
    by_ffmpeg,
    by_pillow,
    cards,
    dots,
    encode,
    encoder,
    flat,
    noise,
    picture,
    psnr,
    stream_of,
)


@pytest.mark.parametrize("decode", [by_pillow, by_ffmpeg])
def test_the_moving_test_card_is_seen_from_every_place_to_join(
    decode: Callable[[bytes], list[Rgb]],
) -> None:
    wanted = cards(120)
    sent = encode(wanted)
    assert all(len(several) == 1 for several in sent)
    joins = [number for number, (one,) in enumerate(sent) if one.keyframe]
    assert len(joins) > 5
    for join in (joins[0], joins[2]):
        seen = decode(stream_of(sent, join))
        assert len(seen) == 120 - join >= 100
        worst = min(psnr(*pair) for pair in zip(wanted[join:], seen, strict=True))
        assert worst > 40


def test_a_viewer_that_joins_later_sees_the_same() -> None:
    sent = encode(cards(40))
    data = [one for several in sent for one in several]
    all_seen = by_pillow(stream_of(sent))
    for join in (number for number, one in enumerate(data) if one.keyframe):
        for early, late in zip(all_seen[join:], by_pillow(stream_of(sent, join)), strict=True):
            assert np.array_equal(early, late)


def test_every_frame_follows_the_format() -> None:
    sent = encode([*cards(25), *dots(25)])
    for encoded in (one for several in sent for one in several):
        *_, frame = gif.walk(gif.header(WIDTH, HEIGHT) + encoded.data)
        assert isinstance(frame, gif.Frame)
        assert (frame.control.disposal, frame.control.delay) == (1, 2)
        assert frame.end == gif.HEADER_BYTES + len(encoded.data)
        if encoded.keyframe:
            assert frame.place == gif.Rectangle(0, 0, WIDTH, HEIGHT)
            assert frame.control.transparent is None
            assert len(frame.palette) == 768


def test_what_comes_out_says_when_it_is_shown() -> None:
    (one,) = encoder().encode(picture(flat((1, 2, 3)), 25), keyframe=False)
    assert (one.pts, one.dts, one.duration) == (225_000, 225_000, 9_000)
    assert (one.seconds, one.captured, one.keyframe) == (2.5, 1025, True)
    track = one.track
    assert (track.kind, track.codec, track.timescale) == ("video", "gif", 90_000)
    assert (track.width, track.height, track.reason) == (WIDTH, HEIGHT, "GIF was asked for")


def test_few_colours_are_exact() -> None:
    wanted = dots(60)
    seen = by_pillow(stream_of(encode(wanted)))
    assert all(np.array_equal(*pair) for pair in zip(wanted, seen, strict=True))


def test_what_has_changed_alone_is_sent() -> None:
    first, second = encode(dots(2))
    (encoded,) = second
    assert not encoded.keyframe
    assert len(encoded.data) < 60
    *_, frame = gif.walk(gif.header(WIDTH, HEIGHT) + encoded.data)
    assert isinstance(frame, gif.Frame)
    assert frame.place == gif.Rectangle(20, 10, 2, 2)
    assert frame.control.transparent is not None
    assert first[0].keyframe


def test_a_still_scene_costs_next_to_nothing() -> None:
    still = cards(1)[0]
    seconds = 60
    (first,), *rest = encode([still] * (seconds * FPS))
    later = [one for several in rest for one in several]
    assert sum(len(one.data) for one in later) < 1.1 * STILL_BYTES_PER_SECOND * seconds
    assert {one.data for one in later} == {first.data, LIFE}
    times = [first.seconds, *(one.seconds for one in later)]
    assert max(np.diff(times)) < LIFE_SECONDS + 1.1 / FPS
    assert all(one.keyframe == (one.data != LIFE) for one in later)


def test_a_sign_of_life_changes_nothing() -> None:
    seen = by_pillow(stream_of(encode([cards(1)[0]] * round(1.5 * LIFE_SECONDS * FPS))))
    assert len(seen) == 2
    assert np.array_equal(seen[0], seen[1])


def test_a_viewer_that_joins_never_has_much_to_catch_up_with() -> None:
    sent = [one for several in encode(dots(200)) for one in several]
    wholes = [number for number, one in enumerate(sent) if one.keyframe]
    assert max(np.diff(wholes)) <= MAX_PARTS + 1
    between = [sent[a:b] for a, b in itertools.pairwise(wholes)]
    for whole, *parts in between:
        sizes = [len(part.data) for part in parts]
        assert sum(sizes[:-1]) <= len(whole.data)
    times = [sent[number].seconds for number in wholes]
    assert max(np.diff(times)) <= MAX_SECONDS


def test_a_keyframe_comes_when_it_is_asked_for() -> None:
    gif_encoder, rgb = encoder(), flat((10, 20, 30))
    for number, asked in enumerate([False, True, False, True]):
        sent = gif_encoder.encode(picture(rgb, number), keyframe=asked)
        assert [one.keyframe for one in sent] == ([True] if asked or not number else [])


def test_a_scene_cut_gives_a_whole_picture_in_new_colours() -> None:
    night, day = noise(1) // 8, 255 - noise(2) // 8
    sent = encode([night] * 15 + [day] * 3)
    (cut,) = sent[15]
    assert cut.keyframe
    assert psnr(day, by_pillow(stream_of([[cut]]))[0]) > 35
    assert sent[16] == []


def test_a_second_cut_soon_after_the_first_gets_its_colours_too() -> None:
    scenes = [noise(1) // 8, 255 - noise(2) // 8, noise(3) // 8 + 100]
    sent = encode([scene for scene in scenes for _ in range(3)])
    for number, scene in enumerate(scenes):
        assert psnr(scene, by_pillow(stream_of([sent[3 * number]]))[0]) > 35


def test_bad_colours_do_not_stay_in_a_scene_that_stands_still() -> None:
    night, day = noise(1) // 8, np.maximum(noise(1) // 8, noise(2) // 6)
    sent = encode([night] * 5 + [day] * 25)
    assert psnr(day, by_pillow(stream_of(sent))[-1]) > 35


def test_colours_are_kept_while_they_serve() -> None:
    sent = [one for several in encode(cards(50)) for one in several if one.keyframe]
    palettes = []
    for encoded in sent:
        *_, frame = gif.walk(gif.header(WIDTH, HEIGHT) + encoded.data)
        assert isinstance(frame, gif.Frame)
        palettes.append(frame.palette)
    assert len(set(palettes)) < len(palettes) / 3


@pytest.mark.parametrize("dither", [False, True])
@pytest.mark.parametrize("colors", [2, 3, 16, 255, 256])
def test_no_more_colours_than_asked_for(colors: int, dither: bool) -> None:
    pictures = [noise(1), noise(1), np.roll(noise(1), 1, 0)]
    pictures[1][50:60, 50:60] = 255 - pictures[1][50:60, 50:60]
    seen = by_pillow(stream_of(encode(pictures, encoder(colors, dither))))
    assert len(seen) == 3
    for rgb in seen:
        assert 2 <= len(np.unique(rgb.reshape(-1, 3), axis=0)) <= colors


def test_dither_mixes_what_two_colours_cannot_show() -> None:
    ramp = np.repeat(np.linspace(0, 255, WIDTH).astype(np.uint8)[np.newaxis, :, np.newaxis], 3, 2)
    wanted = np.repeat(ramp, HEIGHT, 0)

    def columns(dither: bool) -> NDArray[np.float64]:
        seen = by_pillow(stream_of(encode([wanted], encoder(2, dither))))[0]
        means: NDArray[np.float64] = seen[..., 0].reshape(HEIGHT, -1, 8).mean((0, 2))
        return means

    assert len(np.unique(columns(False))) <= 3
    assert len(np.unique(columns(True))) > 3


def test_pictures_are_scaled_and_never_changed() -> None:
    rgb = np.repeat(np.repeat(cards(1)[0], 2, 0), 2, 1)
    kept = rgb.copy()
    shown = by_pillow(stream_of(encode([rgb])))[0]
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(rgb, kept)
    assert psnr(cards(1)[0], shown) > 25


@pytest.mark.parametrize("size", [(16, 16), (18, 50), (4096, 16), (250, 2)], ids=str)
def test_any_size(size: tuple[int, int]) -> None:
    width, height = size
    small = GifEncoder(width, height, 0, False, "")
    sent = [small.encode(picture(noise(n), n), keyframe=False) for n in range(3)]
    stream = gif.header(width, height) + b"".join(one.data for several in sent for one in several)
    assert [rgb.shape for rgb in by_pillow(stream)] == [(height, width, 3)] * 3


def scene(seed: int) -> Rgb:
    """Many colours, but smooth: the palette is wrong by some of them."""
    small = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    enlarged = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(enlarged, np.uint8)


def test_what_moves_less_than_the_palette_is_wrong_by_is_not_sent() -> None:
    first = np.clip(scene(1), 1, 254)
    trembling = first + np.where(np.indices(first.shape[:2])[1] % 2, 1, -1)[..., np.newaxis]
    sent = encode([first, trembling.astype(np.uint8), first])
    assert [len(several) for several in sent] == [1, 0, 0]


def test_a_slow_change_is_sent_before_it_is_seen() -> None:
    first = scene(1) // 2
    wanted = [first + number for number in range(60)]
    sent = encode(wanted)
    assert 5 <= sum(map(len, sent)) < 40, "not each step, and none forgotten"
    seen, position = by_pillow(stream_of(sent)), -1
    for rgb, several in zip(wanted, sent, strict=True):
        position += len(several)
        (alone,) = by_pillow(stream_of(encode([rgb])))
        assert psnr(rgb, seen[position]) > psnr(rgb, alone) - 4


def test_the_slightest_change_of_few_colours_is_sent() -> None:
    pictures = [flat((100, 100, 100)), flat((100, 100, 100))]
    pictures[0][0, 0] = pictures[1][10, 10] = 101
    seen = by_pillow(stream_of(encode(pictures)))
    assert all(np.array_equal(*pair) for pair in zip(pictures, seen, strict=True))


def test_a_smaller_picture_is_in_the_middle_of_black() -> None:
    inner = GifEncoder(WIDTH, HEIGHT, 0, False, "", (WIDTH // 2, HEIGHT))
    (whole,) = inner.encode(picture(flat((200, 200, 200)), 0), keyframe=True)
    (seen,) = by_pillow(stream_of([[whole]]))
    quarter = WIDTH // 4
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert not seen[:, : quarter - 1].any()
    assert not seen[:, 1 - quarter :].any()
    assert seen[:, quarter + 1 : -quarter - 1].min() > 190
