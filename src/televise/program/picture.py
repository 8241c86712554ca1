"""Picture: what somebody hands over to be shown, understood but not copied yet."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal

from televise.errors import FormatError, InputError
from televise.formats import jpeg
from televise.formats.picture import parse_picture
from televise.program import advice

MAX_WIDTH, MAX_HEIGHT = 4096, 2304
Colors = Literal["rgb", "bgr"]

_BY_CHANNELS = {
    "rgb": {1: "gray", 3: "rgb24", 4: "rgba"},
    "bgr": {1: "gray", 3: "bgr24", 4: "bgra"},
}
_PIL_MODES = {"RGB": ("rgb24", 3), "RGBA": ("rgba", 4), "L": ("gray", 1)}
_KNOWN = (
    "a numpy array (rows x columns, or rows x columns x 3 or 4, uint8), a PIL image, "
    "a matplotlib figure, or the bytes of a JPEG, PNG or WebP"
)


@dataclass(slots=True)  # not frozen: that would make it slower
class Picture:
    """A picture of ``length`` bytes that ``write`` makes of ``frame`` when it is wanted.

    ``format`` is one of `televise.link.mailbox.FORMATS`. ``drawn`` is true where it does not exist
    before it is wanted. All arrays of the same ``kind`` (type, dtype, shape) are understood in the
    same way, in the same order of colours; what is no array has none.
    """

    width: int
    height: int
    format: str
    length: int
    frame: Any
    write: Callable[[Any, memoryview], None]
    drawn: bool = False
    kind: tuple[type, Any, tuple[int, ...]] | tuple[None, None, None] = (None, None, None)

    def fill(self, view: memoryview) -> None:
        """Write it. InputError where it cannot be read (any more)."""
        try:
            self.write(self.frame, view)
        except InputError:
            raise
        except Exception as error:  # whatever the library that made it raises
            raise InputError(_unreadable(self.frame, error)) from error

    def of(self, frame: Any) -> "Picture":
        """Another one of the same kind."""
        return replace(self, frame=frame)


def understand(frame: Any, colors: Colors = "rgb") -> Picture:
    """What ``frame`` is: an array, an image, a figure, or the bytes of an image file.

    ``colors`` is the order of an array's channels. InputError says what is wrong with it.
    """
    if isinstance(frame, bytes | bytearray | memoryview):
        picture = _from_file(bytes(frame))
    elif _is_a(frame, "numpy", "ndarray"):
        picture = _from_array(frame, colors)
    elif _is_a(frame, "PIL.Image", "Image"):
        picture = _from_image(frame)
    elif _is_a(frame, "matplotlib.figure", "Figure"):
        picture = _from_figure(frame)
    else:
        library = type(frame).__module__.partition(".")[0]
        picture = _from_array(_as_array(frame), colors, library)
    _check_size(picture)
    return picture


def fault(text: str) -> Picture:
    """What stands in place of a picture that cannot be shown, and says why."""
    data = text.encode()
    return Picture(0, 0, "fault", len(data), data, _write_bytes)


def check_colors(colors: str) -> Colors:
    """InputError for what is no order of colours."""
    if colors == "rgb":
        return "rgb"
    if colors == "bgr":
        return "bgr"
    raise InputError(f'colors={colors!r}: "rgb", or "bgr" as OpenCV has it')


def _is_a(frame: object, module: str, name: str) -> bool:
    """Whether it is an object of a library, which is then there already."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(frame, getattr(loaded, name, ()))


def _check_size(picture: Picture) -> None:
    width, height = picture.width, picture.height
    if width * height > MAX_WIDTH * MAX_HEIGHT or max(width, height) > MAX_WIDTH:
        limit = f"{MAX_WIDTH}x{MAX_HEIGHT}"
        raise InputError(f"a picture of {width}x{height}: scale it to at most {limit}")


def _from_file(data: bytes) -> Picture:
    try:
        if data[:2] == jpeg.SOI:
            kind, size = "jpeg", jpeg.size(data)
            jpeg.check_end(data)
        elif (parsed := parse_picture(data)) is None:
            raise FormatError("the picture breaks off")
        else:
            kind, size = parsed.kind, (parsed.width, parsed.height)
    except FormatError as error:
        raise InputError(f"{len(data)} bytes that are no picture ({error}): {_KNOWN}") from None
    if kind not in ("jpeg", "png", "webp"):
        raise InputError(f"a {kind.upper()} cannot be shown: {_KNOWN}")

    return Picture(*size, kind, len(data), data, _write_bytes)


def _write_bytes(data: bytes, view: memoryview) -> None:
    view[:] = data


# Before there is a picture.
NOTHING = Picture(0, 0, "fault", 0, b"", _write_bytes)


def _from_array(array: Any, colors: Colors, library: str = "numpy") -> Picture:
    if array.dtype.kind != "u" or array.dtype.itemsize != 1:
        raise InputError(advice.wrong_type(array, library))
    shape = array.shape
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in (1, 3, 4) or 0 in shape:
        raise InputError(advice.wrong_shape(shape, library))

    format, kind = _BY_CHANNELS[colors][channels], (type(array), array.dtype, shape)
    return Picture(shape[1], shape[0], format, array.nbytes, array, _write_array, kind=kind)


def _write_array(array: Any, view: memoryview) -> None:
    if array.flags.c_contiguous:
        view[:] = memoryview(array).cast("B")
    else:
        numpy = sys.modules["numpy"]
        numpy.frombuffer(view, "uint8").reshape(array.shape)[...] = array


def _as_array(frame: Any) -> Any:
    """An array of what is like one (a tensor of torch, say), without a copy where that can be."""
    if frame is None:
        raise InputError("None is no picture: did the camera or the file give none?")
    if not any(hasattr(frame, name) for name in ("__array__", "__array_interface__", "__dlpack__")):
        raise InputError(f"a {type(frame).__name__} cannot be shown: {_KNOWN}")
    import numpy

    try:
        if not hasattr(frame, "__array__") and not hasattr(frame, "__array_interface__"):
            return numpy.from_dlpack(frame)
        try:
            return numpy.asarray(frame)
        except RuntimeError:  # of torch, where it was made for another major version of numpy
            return numpy.from_dlpack(frame)
    except Exception as error:  # whatever the library that made it raises
        cause = str(error).partition("\n")[0]
        raise InputError(f"a {type(frame).__name__} that is no array here: {cause}") from error


def _unreadable(frame: object, error: Exception) -> str:
    cause = str(error).partition("\n")[0] or type(error).__name__
    return f"the {type(frame).__name__} cannot be read: {cause}"


def _from_image(image: Any) -> Picture:
    try:
        image.load()  # its file may be closed as soon as it has been shown
    except Exception as error:  # whatever its format's reader raises
        raise InputError(_unreadable(image, error)) from error
    _check_depth(image)
    format, channels = _PIL_MODES[_mode(image)]
    width, height = image.size
    return Picture(width, height, format, width * height * channels, image, _write_image)


def _check_depth(image: Any) -> None:
    """PIL makes nearly all of what is deeper white."""
    if image.mode.startswith(("I", "F")):
        scaled = "(numpy.asarray(image) * scale).astype('uint8')"
        raise InputError(f"an image of mode {image.mode}, not of 8 bits: show {scaled}")


def _mode(image: Any) -> str:
    """The one of PIL's modes that it is written in."""
    return image.mode if image.mode in _PIL_MODES else "RGB"


def _write_image(image: Any, view: memoryview) -> None:
    mode = _mode(image)
    view[:] = (image if image.mode == mode else image.convert(mode)).tobytes()


def _from_figure(figure: Any) -> Picture:
    width, height = figure.canvas.get_width_height(physical=True)
    return Picture(width, height, "rgba", width * height * 4, figure, _write_figure, drawn=True)


def _write_figure(figure: Any, view: memoryview) -> None:
    pixels = _draw(figure)
    if len(pixels) != len(view):
        raise InputError("the figure's size was changed while it was drawn: show it again")
    view[:] = pixels


def _draw(figure: Any) -> memoryview:
    """The RGBA pixels of a figure, whatever window it may be in."""
    agg: Any = import_module("matplotlib.backends.backend_agg").FigureCanvasAgg
    before = figure.canvas
    canvas = before if isinstance(before, agg) else agg(figure)
    try:
        # Not the window's own way of drawing, which belongs to its thread.
        agg.draw(canvas)
        return memoryview(canvas.buffer_rgba()).cast("B")
    finally:
        if canvas is not before:
            figure.set_canvas(before)
