"""BitReader: bits and Exp-Golomb numbers out of bytes."""

from televise.errors import FormatError

# ISO/IEC 14496-10 9.1: values go up to 2^32 - 2, which has 31 leading zeros.
MAX_LEADING_ZEROS = 31


def unescape(nal: bytes) -> bytes:
    """A NAL unit without its emulation prevention bytes (ISO/IEC 14496-10 7.4.1).

    Every ``00 00 03`` becomes ``00 00``.
    """
    # replace() goes from left to right without overlaps, which is what the standard asks for.
    return nal.replace(b"\0\0\3", b"\0\0")


class BitReader:
    """Reads bits from the most significant end; FormatError past the last bit."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._end = len(data) * 8
        self._position = 0

    @property
    def left(self) -> int:
        """How many bits are still unread."""
        return self._end - self._position

    def bits(self, count: int) -> int:
        """The next ``count`` bits as an unsigned number."""
        start = self._position
        self.skip(count)
        stop = self._position
        value = int.from_bytes(self._data[start >> 3 : (stop + 7) >> 3], "big")
        return (value >> (-stop & 7)) & ((1 << count) - 1)

    def flag(self) -> bool:
        """The next bit."""
        return self.bits(1) == 1

    def skip(self, count: int) -> None:
        """Pass over ``count`` bits."""
        if count > self.left:
            raise FormatError(f"the data ends too early: {count} bits wanted, {self.left} are left")
        self._position += count

    def align(self) -> None:
        """Move to the start of the next byte, unless already at one."""
        self._position += -self._position & 7

    def unsigned(self, name: str, limit: int = (1 << 32) - 2) -> int:
        """The next ue(v) number (ISO/IEC 14496-10 9.1).

        FormatError, with ``name`` in its text, where it is above ``limit``.
        """
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > MAX_LEADING_ZEROS:
                raise FormatError(f"{name}: not an Exp-Golomb number")
        value = (1 << zeros) - 1 + self.bits(zeros)
        if value > limit:
            raise FormatError(f"{name} is {value}; at most {limit} is allowed")
        return value

    def signed(self, name: str) -> int:
        """The next se(v) number (ISO/IEC 14496-10 9.1.1)."""
        value = self.unsigned(name)
        return (value + 1) // 2 if value & 1 else -(value // 2)
