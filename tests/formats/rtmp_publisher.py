"""A publisher's side of RTMP: chunks with every kind of header, and what FFmpeg and OBS send."""

from collections.abc import Iterable, Iterator

from televise.formats import amf
from televise.formats.rtmp_chunk import (
    COMMAND,
    DATA,
    DEFAULT_CHUNK_SIZE,
    SET_CHUNK_SIZE,
    WINDOW_ACKNOWLEDGEMENT_SIZE,
    Message,
)

HANDSHAKE = b"\3" + bytes(8) + bytes(range(256)) * 6 + bytes(1528)
EXTENDED = 0xFFFFFF


class ChunkWriter:
    """Gives each message the shortest header that says it, as FFmpeg does."""

    def __init__(self) -> None:
        self.size = DEFAULT_CHUNK_SIZE
        self.used: set[int] = set()
        self._last: dict[int, tuple[Message, int]] = {}

    def write(self, message: Message, chunk_stream: int) -> bytes:
        """The chunks of ``message``; a new chunk size counts from the next one on."""
        kind, time = self._choose(message, chunk_stream)
        self.used.add(kind)
        self._last[chunk_stream] = message, time
        extension = time.to_bytes(4, "big") if time >= EXTENDED else b""
        data = message.data
        chunks = [data[start : start + self.size] for start in range(0, len(data), self.size)]
        fields = self._fields(kind, min(time, EXTENDED), message)
        between = basic_header(3, chunk_stream) + extension
        if message.type == SET_CHUNK_SIZE:
            self.size = int.from_bytes(data, "big")
        return basic_header(kind, chunk_stream) + fields + extension + between.join(chunks)

    def _choose(self, message: Message, chunk_stream: int) -> tuple[int, int]:
        """The type of the header, and the time that stands in it."""
        if chunk_stream not in self._last:
            return 0, message.timestamp
        last, time = self._last[chunk_stream]
        delta = message.timestamp - last.timestamp
        if message.stream != last.stream or delta < 0:
            return 0, message.timestamp
        if (message.type, len(message.data)) != (last.type, len(last.data)):
            return 1, delta
        return (3 if delta == time else 2), delta

    @staticmethod
    def _fields(kind: int, time: int, message: Message) -> bytes:
        fields = (
            time.to_bytes(3, "big")
            + len(message.data).to_bytes(3, "big")
            + bytes((message.type,))
            + message.stream.to_bytes(4, "little")
        )
        return fields[: (11, 7, 3, 0)[kind]]


def basic_header(kind: int, chunk_stream: int) -> bytes:
    if chunk_stream < 64:
        return bytes((kind << 6 | chunk_stream,))
    size = 1 if chunk_stream < 320 else 2
    return bytes((kind << 6 | size - 1,)) + (chunk_stream - 64).to_bytes(size, "little")


def control(kind: int, number: int) -> Message:
    return Message(kind, 0, 0, number.to_bytes(4, "big"))


def command(name: str, transaction: float, *values: amf.Value, stream: int = 0) -> Message:
    return Message(COMMAND, stream, 0, amf.encode(name, transaction, *values))


def connect(application: str = "live", **properties: amf.Value) -> Message:
    url = f"rtmp://127.0.0.1/{application}"
    return command("connect", 1.0, {"app": application, "tcUrl": url, **properties})


def publish(key: str) -> Message:
    return command("publish", 5.0, None, key, "live", stream=1)


def opening(key: str = "cam", application: str = "live") -> bytes:
    """All that comes before the media, with whole headers."""
    writer = ChunkWriter()
    messages = [connect(application), command("createStream", 4.0, None), publish(key)]
    return HANDSHAKE + b"".join(writer.write(message, 3) for message in messages)


def playing(key: str) -> bytes:
    """What a player sends."""
    writer = ChunkWriter()
    messages = [connect(), command("play", 5.0, None, key)]
    return HANDSHAKE + b"".join(writer.write(message, 3) for message in messages)


def obs(key: str, tags: Iterable[tuple[int, int, bytes]]) -> bytes:
    """What OBS sends in a whole session: its order, chunk streams and kinds of header."""
    writer = ChunkWriter()
    metadata: dict[str, amf.Value] = {"encoder": "obs-output module (libobs version 30.2.3)"}
    data = amf.encode("@setDataFrame", "onMetaData", metadata)
    media = [Message(DATA, 1, 0, data)]
    media += [Message(kind, 1, time, body) for kind, time, body in tags if kind != DATA]
    commands = [
        *(command(name, number, None, key) for name, number in _WISHES),
        command("createStream", 4.0, None),
    ]
    end = [command("FCUnpublish", 6.0, None, key), command("deleteStream", 7.0, None, 1.0)]
    parts = [
        (3, [connect(type="nonprivate", flashVer="FMLE/3.0 (compatible; FMSc/1.0)")]),
        (2, [control(SET_CHUNK_SIZE, 4096), control(WINDOW_ACKNOWLEDGEMENT_SIZE, 2_500_000)]),
        (3, commands),
        (4, [publish(key), *media]),
        (3, end),
    ]
    chunks = [writer.write(message, stream) for stream, sent in parts for message in sent]
    return HANDSHAKE + b"".join(chunks)


_WISHES = (("releaseStream", 2.0), ("FCPublish", 3.0))


def flv_tags(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, time stamp and body of each tag of an FLV file, whose sizes must be right."""
    assert data[:3] == b"FLV"
    position = int.from_bytes(data[5:9], "big") + 4
    while position < len(data):
        size = int.from_bytes(data[position + 1 : position + 4], "big")
        low, high = data[position + 4 : position + 7], data[position + 7 : position + 8]
        end = position + 11 + size
        assert int.from_bytes(data[end : end + 4], "big") == 11 + size
        yield data[position], int.from_bytes(high + low, "big"), data[position + 11 : end]
        position = end + 4
