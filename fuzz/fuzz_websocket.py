"""Fuzz WebSocket frames: those of a server, and what a client may send."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import FormatError
    from televise.formats.websocket import BINARY, PING, FrameReader, binary_frame, masked_frame
    from televise.web.sockets import CONTROLS_AT_ONCE, SMALL_AT_ONCE, SMALL_BYTES, Checked

from fuzz.harness import fuzz, golden

MOST = 300


def target(data: bytes) -> None:
    """The first byte chooses the side; how bytes are split must not change what they mean."""
    way, data = data[:1], data[1:]
    step = max(1, len(data) // 8)
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    if way < b"\x80":
        frames, error = taken_apart([data])
        assert (frames, error) == taken_apart(pieces)
        assert all(len(payload) <= MOST for _, payload in frames)
    else:
        cut = Client()
        allowed = [cut.allows(each) for each in pieces]
        assert Client().allows(data) == all(allowed) == are_allowed(data)


def taken_apart(pieces: list[bytes]) -> tuple[list[tuple[int, bytes]], bool]:
    """The frames up to what is none, and whether that came."""
    reader, frames = FrameReader(MOST), list[tuple[int, bytes]]()
    try:
        for piece in pieces:
            frames += reader.feed(piece)
    except FormatError:
        return frames, True
    return frames, False


class Client:
    """What aiohttp is given of it, instead of its parser and its queue."""

    def __init__(self) -> None:
        self._checked = Checked(self, self, clock=lambda: 0.0)
        self._wrong = False

    def allows(self, data: bytes) -> bool:
        ended, _ = self._checked.feed_data(data)
        assert ended == self._wrong
        return not self._wrong

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        assert not self._wrong
        return False, b""

    def set_exception(self, error: Exception) -> None:
        assert not self._wrong, "it is told once"
        self._wrong = True


def are_allowed(data: bytes) -> bool:
    """The same in another way, frame by frame: each is masked, and of those that cost more than
    they say there are not too many at one time."""
    position = controls = small = 0
    while len(data) - position >= 2:
        first, second = data[position : position + 2]
        controls += bool(first & 8)
        small += second & 127 < SMALL_BYTES
        if second < 128 or controls > CONTROLS_AT_ONCE or small > SMALL_AT_ONCE:
            return False
        more = {126: 2, 127: 8}.get(second & 127, 0)
        head = data[position + 2 : position + 2 + more]
        if len(head) < more:
            return True
        position += 6 + more + (int.from_bytes(head, "big") if more else second & 127)
    return True


def seeds() -> list[bytes]:
    ours = golden("websocket_frames")
    theirs = [masked_frame(BINARY, bytes(size), b"mask") for size in (0, 5, 200)]
    long = [binary_frame(bytes(size)) for size in (5, 200, 301)]
    return [
        b"\x00" + ours,
        *(b"\x00" + each for each in (*long, *theirs)),
        *(b"\x80" + each for each in (*theirs, b"".join(theirs), theirs[1] + long[0])),
        b"\x80" + masked_frame(PING, b"", b"mask") * (CONTROLS_AT_ONCE + 1),
    ]


if __name__ == "__main__":
    fuzz(target, seeds())
