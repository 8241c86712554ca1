"""The reverse of BitReader, written from the standards for the tests only."""


class BitWriter:
    def __init__(self) -> None:
        self.text = ""

    def bits(self, count: int, value: int) -> None:
        self.text += f"{value:0{count}b}" if count else ""

    def unsigned(self, value: int) -> None:
        """ue(v): the binary form of value + 1 behind as many zeros as it has further digits."""
        digits = f"{value + 1:b}"
        self.text += "0" * (len(digits) - 1) + digits

    def signed(self, value: int) -> None:
        """se(v), ISO/IEC 14496-10 table 9-3: 1, -1, 2, -2, ... are 1, 2, 3, 4, ..."""
        self.unsigned(2 * value - 1 if value > 0 else -2 * value)

    def data(self) -> bytes:
        """With the stop bit and zeros up to a whole byte."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def escape(data: bytes) -> bytes:
    """Insert emulation prevention bytes (ISO/IEC 14496-10 7.4.1), one byte at a time."""
    result, zeros = bytearray(), 0
    for byte in data:
        if zeros == 2 and byte <= 3:
            result.append(3)
            zeros = 0
        result.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(result)
