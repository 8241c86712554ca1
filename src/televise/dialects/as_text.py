"""AsText: a body in base64, piece by piece."""

import binascii
import re

from televise.errors import Unsupported

# A text may end, and another begin: each has its own padding.
_TEXT = re.compile(rb"[^=]+=*")


class AsText:
    """Decodes what begins as a JPEG in base64 does, and leaves all else as it is."""

    def __init__(self) -> None:
        self._is_text: bool | None = None
        self._left = b""

    def __call__(self, data: bytes) -> bytes:
        """The next piece. Unsupported where it is no base64 after all."""
        if self._is_text is None:
            self._is_text = data.startswith(b"/")  # FF D8 begins with that; a JPEG never does
        if not self._is_text:
            return data
        text = self._left + data.translate(None, b"\r\n")
        whole = len(text) // 4 * 4
        self._left = text[whole:]
        try:
            found = _TEXT.findall(text[:whole])
            return b"".join(binascii.a2b_base64(each, strict_mode=True) for each in found)
        except binascii.Error:
            raise Unsupported("this is no base64: send JPEG, or JPEG in base64") from None
