"""AMF0: the values in RTMP's commands and in FLV's metadata.

Source: Adobe, "Action Message Format -- AMF 0" (2007). Numbers are floats, objects and arrays with
names are dictionaries, plain arrays are lists, null and undefined are None, dates are numbers
(milliseconds since 1970, UTC), XML documents are strings.
"""

import struct
from collections.abc import Callable

from televise.errors import FormatError

Value = float | bool | str | None | dict[str, "Value"] | list["Value"]

MAX_DEPTH = 8
# Of all values together, those in objects and arrays included.
MAX_VALUES = 1000

# Type markers, section 2.1.
NUMBER, BOOLEAN, STRING, OBJECT = 0x00, 0x01, 0x02, 0x03
NULL, UNDEFINED, ECMA_ARRAY, OBJECT_END = 0x05, 0x06, 0x08, 0x09
STRICT_ARRAY, DATE, LONG_STRING, XML_DOCUMENT, TYPED_OBJECT = 0x0A, 0x0B, 0x0C, 0x0F, 0x10

_END = struct.pack(">HB", 0, OBJECT_END)  # an empty name, then the end (section 2.5)


def encode(*values: Value) -> bytes:
    """One value after another."""
    return b"".join(map(_encode, values))


def decode(data: bytes) -> list[Value]:
    """All values of ``data``; text that is not UTF-8 gets replacement characters.

    FormatError where the data ends early, holds what AMF0 does not know, is nested more than
    `MAX_DEPTH` deep or has more than `MAX_VALUES` values.
    """
    reader = _Reader(data)
    values = []
    while reader.position < len(data):
        values.append(reader.value(0))
    return values


def _encode(value: Value) -> bytes:
    if value is None:
        return bytes((NULL,))
    if isinstance(value, bool):
        return bytes((BOOLEAN, value))
    if isinstance(value, str):
        return _encode_string(value)
    if isinstance(value, dict):
        return bytes((OBJECT,)) + _encode_members(value)
    if isinstance(value, list):
        return struct.pack(">BI", STRICT_ARRAY, len(value)) + encode(*value)
    return struct.pack(">Bd", NUMBER, value)


def _encode_string(value: str) -> bytes:
    text = value.encode("utf-8", "replace")
    if len(text) > 0xFFFF:
        return struct.pack(">BI", LONG_STRING, len(text)) + text
    return struct.pack(">BH", STRING, len(text)) + text


def _encode_members(value: dict[str, Value]) -> bytes:
    members = []
    for name, member in value.items():
        text = name.encode("utf-8", "replace")
        members.append(struct.pack(">H", len(text)) + text + _encode(member))
    return b"".join(members) + _END


class _Reader:
    """A position in the data; each method reads what its name says and moves on."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = 0
        self.position = 0
        self._readers: dict[int, Callable[[int], Value]] = {
            NUMBER: self._number,
            BOOLEAN: lambda depth: self._unsigned(1) != 0,
            STRING: lambda depth: self._text(2),
            OBJECT: self._members,
            NULL: lambda depth: None,
            UNDEFINED: lambda depth: None,
            ECMA_ARRAY: self._ecma_array,
            STRICT_ARRAY: self._strict_array,
            DATE: self._date,
            LONG_STRING: lambda depth: self._text(4),
            XML_DOCUMENT: lambda depth: self._text(4),
            TYPED_OBJECT: self._typed_object,
        }

    def value(self, depth: int) -> Value:
        """The value here, which stands inside ``depth`` others."""
        self._values += 1
        if depth > MAX_DEPTH or self._values > MAX_VALUES:
            raise FormatError(
                f"AMF0 data with more than {MAX_VALUES} values, or {MAX_DEPTH} one inside another"
            )
        marker = self._unsigned(1)
        if marker not in self._readers:
            raise FormatError(f"AMF0 data with a value of the unknown type {marker}")
        return self._readers[marker](depth)

    def _bytes(self, count: int) -> bytes:
        start, self.position = self.position, self.position + count
        if self.position > len(self._data):
            raise FormatError(f"AMF0 data that ends inside a value: {count} bytes were to come")
        return self._data[start : self.position]

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._bytes(size), "big")

    def _text(self, size: int) -> str:
        return self._bytes(self._unsigned(size)).decode("utf-8", "replace")

    def _number(self, depth: int) -> float:
        number: float = struct.unpack(">d", self._bytes(8))[0]
        return number

    def _date(self, depth: int) -> float:
        number = self._number(depth)
        self._bytes(2)  # a time zone, which is reserved and 0 (section 2.13)
        return number

    def _members(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while self._data[self.position : self.position + 3] != _END:
            name = self._text(2)
            members[name] = self.value(depth + 1)
        self._bytes(len(_END))
        return members

    def _ecma_array(self, depth: int) -> dict[str, Value]:
        self._unsigned(4)  # how many members there are; writers put anything here
        return self._members(depth)

    def _typed_object(self, depth: int) -> dict[str, Value]:
        self._text(2)  # the name of its class
        return self._members(depth)

    def _strict_array(self, depth: int) -> list[Value]:
        # Each value takes a byte at least, so that a count that lies ends at the data's end.
        return [self.value(depth + 1) for _ in range(self._unsigned(4))]
