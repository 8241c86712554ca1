"""What may be shown, and what is said of everything else."""

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from televise.errors import InputError
from televise.program.picture import Picture, understand

COLOURS = np.array([[[250, 20, 10], [10, 240, 30]], [[5, 15, 230], [128, 129, 130]]], np.uint8)


def written(picture: Picture) -> bytes:
    memory = bytearray(picture.length)
    picture.fill(memoryview(memory))
    return bytes(memory)


def image_file(format: str, size: tuple[int, int] = (40, 30)) -> bytes:
    with io.BytesIO() as file:
        PIL.Image.new("RGB", size, (200, 30, 60)).save(file, format)
        return file.getvalue()


ARRAYS: list[tuple[NDArray[np.uint8], str, NDArray[np.uint8]]] = [
    (COLOURS, "rgb24", COLOURS),
    (COLOURS[:, :, 0], "gray", COLOURS[:, :, 0]),
    (COLOURS[:, :, :1], "gray", COLOURS[:, :, :1]),
    (np.dstack([COLOURS, COLOURS[:, :, 0]]), "rgba", np.dstack([COLOURS, COLOURS[:, :, 0]])),
    (COLOURS[::-1], "rgb24", COLOURS[::-1].copy()),
    (COLOURS[:, ::-1, ::-1], "rgb24", COLOURS[:, ::-1, ::-1].copy()),
    (np.asfortranarray(COLOURS), "rgb24", COLOURS),
    (np.moveaxis(np.moveaxis(COLOURS, 2, 0).copy(), 0, 2), "rgb24", COLOURS),
    (np.zeros((1, 1), np.uint8), "gray", np.zeros((1, 1), np.uint8)),
    (np.zeros((4096, 2304), np.uint8), "gray", np.zeros((4096, 2304), np.uint8)),
]


@pytest.mark.parametrize(("array", "format", "pixels"), ARRAYS)
def test_arrays(array: NDArray[np.uint8], format: str, pixels: NDArray[np.uint8]) -> None:
    picture = understand(array)
    assert (picture.width, picture.height) == (array.shape[1], array.shape[0])
    assert picture.format == format
    assert written(picture) == pixels.tobytes()


def test_the_order_of_colours_is_said() -> None:
    four = np.dstack([COLOURS, COLOURS[:, :, 0]])
    assert [understand(each, "bgr").format for each in (COLOURS, four)] == ["bgr24", "bgra"]
    assert understand(COLOURS[:, :, 0], "bgr").format == "gray"


def test_nothing_is_copied_before_it_is_wanted() -> None:
    array = COLOURS.copy()
    picture = understand(array)
    array[:] = 7
    assert set(written(picture)) == {7}


class ArrayLike:
    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.uint8]:
        return COLOURS


class Exported:
    """As tensors of several libraries are."""

    def __dlpack__(self, **options: Any) -> Any:
        return COLOURS.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return COLOURS.__dlpack_device__()


class ForAnotherNumpy(Exported):
    """As tensors of torch 1 are beside numpy 2."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.uint8]:
        raise RuntimeError("Numpy is not available")


class OnAnotherDevice:
    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.uint8]:
        raise TypeError("can't convert cuda:0 device type tensor to numpy.\nUse Tensor.cpu()")


@pytest.mark.parametrize(
    ("library", "advice"),
    [
        ("torch", r"float pictures: .*\.to\(torch.uint8\).*\.permute\(1, 2, 0\)$"),
        (
            "other.deep",
            "float pictures: multiply by 255 and convert to uint8, and put channels last$",
        ),
    ],
)
def test_advice_is_in_words_of_the_library(library: str, advice: str) -> None:
    class Tensor:
        __module__ = library

        def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[np.float32]:
            return np.zeros((3, 20, 30), np.float32)

    with pytest.raises(InputError, match=advice):
        understand(Tensor())


@pytest.mark.parametrize("like", [ArrayLike(), Exported(), ForAnotherNumpy()])
def test_what_is_like_an_array(like: Any) -> None:
    assert written(understand(like)) == COLOURS.tobytes()


@pytest.mark.parametrize(
    ("mode", "format"),
    [("RGB", "rgb24"), ("RGBA", "rgba"), ("L", "gray"), ("P", "rgb24"), ("1", "rgb24"),
     ("CMYK", "rgb24"), ("LA", "rgb24"), ("HSV", "rgb24")],
)  # fmt: skip
def test_images(mode: str, format: str) -> None:
    image = PIL.Image.new(mode, (5, 3))
    picture = understand(image)
    assert (picture.width, picture.height, picture.format) == (5, 3, format)
    assert len(written(picture)) == picture.length


def test_a_figure_is_drawn_when_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = Figure(figsize=(2, 1), dpi=50, facecolor=(1, 0, 0))
    monkeypatch.setattr(figure, "draw", None)
    picture = understand(figure)
    assert (picture.width, picture.height, picture.format) == (100, 50, "rgba")
    monkeypatch.undo()
    assert written(picture) == bytes([255, 0, 0, 255]) * 5000


def test_a_figure_keeps_its_canvas() -> None:
    figure = Figure(figsize=(2, 1), dpi=50)
    canvas = FigureCanvasSVG(figure)
    assert len(written(understand(figure))) == 20_000
    assert figure.canvas is canvas


def test_a_figure_that_grows_is_no_broken_picture() -> None:
    figure = Figure(figsize=(2, 1), dpi=50)
    picture = understand(figure)
    figure.set_size_inches(4, 2)
    with pytest.raises(InputError, match="size was changed"):
        written(picture)


@pytest.mark.parametrize(("format", "kind"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp")])
@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_files_pass_through(format: str, kind: str, make: Any) -> None:
    data = image_file(format)
    picture = understand(make(data))
    assert (picture.width, picture.height, picture.format) == (40, 30, kind)
    assert written(picture) == data


def test_an_image_is_read_before_its_file_is_closed() -> None:
    with PIL.Image.open(io.BytesIO(image_file("PNG"))) as image:
        picture = understand(image)
    assert written(picture)[:3] == bytes([200, 30, 60])


def broken_image() -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(image_file("PNG")[:60]))


WRONG: list[tuple[Any, str]] = [
    (None, "None is no picture: did the camera or the file give none"),
    ([[1, 2], [3, 4]], "a list cannot be shown: a numpy array"),
    ("picture.png", "a str cannot be shown"),
    (COLOURS / 255, "float pictures: multiply by 255 and convert with .astype..uint8"),
    (np.zeros((3, 20, 30), np.float32), r"multiply by 255.*channels last.*transpose\(1, 2, 0\)"),
    (COLOURS > 100, r"bool pictures: multiply by 255 and convert with .astype..uint8"),
    (COLOURS.astype(np.uint16), "uint16 pictures: scale it to 0..255"),
    (COLOURS.astype(np.int64), "int64 pictures: scale"),
    (COLOURS.astype(np.complex64), "complex64 pictures: convert it to uint8"),
    (np.zeros((3, 20, 30), np.uint8), r"3x20x30: put channels last with .transpose\(1, 2, 0\)"),
    (np.zeros((4, 4, 2), np.uint8), "4x4x2: rows x columns, or rows x columns x 1, 3 or 4"),
    (np.zeros((20, 30, 2), np.uint8), "20x30x2: rows x columns"),
    (np.zeros((1, 20, 30, 3), np.uint8), "1x20x30x3: rows x columns"),
    (np.zeros(30, np.uint8), "shape 30: rows x columns"),
    (np.zeros((0, 30, 3), np.uint8), "0x30x3: rows x columns"),
    (np.zeros((2305, 4096), np.uint8), "4096x2305: scale it to at most 4096x2304"),
    (np.zeros((2, 4097), np.uint8), "4097x2: scale it to at most 4096x2304"),
    (OnAnotherDevice(), "OnAnotherDevice that is no array here: can't convert cuda:0"),
    (b"", "0 bytes that are no picture"),
    (b"not a picture", "13 bytes that are no picture.*JPEG, PNG or WebP"),
    (image_file("JPEG")[:20], "20 bytes that are no picture"),
    (image_file("PNG")[:40], "40 bytes that are no picture .the picture breaks off"),
    (image_file("JPEG")[:-2], "no picture .the JPEG breaks off.: a numpy array"),
    (image_file("PNG")[:-2], "no picture .the picture breaks off.: a numpy array"),
    (PIL.Image.new("I;16", (5, 3)), r"mode I;16, not of 8 bits: show .numpy.asarray\(image\)"),
    (PIL.Image.new("F", (5, 3)), "mode F, not of 8 bits"),
    (broken_image(), "the PngImageFile cannot be read: "),
    (image_file("GIF"), "a GIF cannot be shown"),
    (image_file("PNG", (5000, 10)), "5000x10: scale it"),
]


@pytest.mark.parametrize(("frame", "text"), WRONG)
def test_what_is_wrong_is_said_in_one_line(frame: Any, text: str) -> None:
    with pytest.raises(InputError, match=text) as raised:
        understand(frame)
    assert "\n" not in str(raised.value)
