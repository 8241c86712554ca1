"""JSON as strangers send it: what is no number in JSON (NaN, Infinity, 1e999) is refused, too."""

import json
import math
from typing import Any

from televise.errors import FormatError


def parse_json(text: str | bytes) -> Any:
    """FormatError where it is none. Whole numbers may have thousands of digits."""
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from None


def compact(text: str) -> str:
    """The same in ASCII, on one line. FormatError."""
    try:
        return json.dumps(parse_json(text), separators=(",", ":"))
    except RecursionError as error:  # it was almost too deep to be read
        raise FormatError(f"not JSON: {error}") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise FormatError(f"not JSON: {text[:20]} is no number there")
    return number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
