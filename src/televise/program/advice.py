"""Advice: what to do with an array that is no picture, in words of the library that made it."""

from typing import Any

_CONVERT = {
    "numpy": "convert with .astype('uint8')",
    "torch": "convert with .to(torch.uint8)",
}
_TURN = {
    "numpy": "put channels last with .transpose(1, 2, 0)",
    "torch": "put channels last with .permute(1, 2, 0)",
}
_SCALE = {"f": "multiply by 255", "b": "multiply by 255", "u": "scale it to 0..255"}
_SCALE["i"] = _SCALE["u"]
_NAMES = {"f": "float", "b": "bool"}


def wrong_type(array: Any, library: str) -> str:
    """For a numpy ``array``, or what ``library`` gave as one, that is not of uint8."""
    kind, advice = array.dtype.kind, "convert it to uint8"
    if kind in _SCALE:
        advice = f"{_SCALE[kind]} and {_CONVERT.get(library, 'convert to uint8')}"
    if _has_channels_first(array.shape):
        advice = f"{advice}, and {_turn(library)}"
    return f"{_NAMES.get(kind, str(array.dtype))} pictures: {advice}"


def wrong_shape(shape: tuple[int, ...], library: str) -> str:
    """The same where its shape is that of no picture."""
    right = "rows x columns, or rows x columns x 1, 3 or 4"
    if _has_channels_first(shape):
        right = _turn(library)
    return f"a picture of shape {'x'.join(map(str, shape))}: {right}"


def _has_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether it looks like that: no picture has so few rows."""
    return len(shape) == 3 and shape[0] in (1, 3, 4) and min(shape[1:]) > 4


def _turn(library: str) -> str:
    return _TURN.get(library, "put channels last")
