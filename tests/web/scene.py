"""A pump and its viewers with sockets of which a test decides how much they take, and a ledger."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from televise.formats.websocket import TEXT, binary_frame
from televise.hub.muxed import Chunk, MakeMuxer, Muxed, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web.pump import Pump
from televise.web.viewer import Viewer
from tests.support.wire import Frame
from tests.web.fake_socket import FakeSocket, FakeTransport, fake_connection

STEP_SECONDS = 0.1
PLENTY = 1 << 30


class NumberedMuxer(Muxer):
    """Chunks that say which packet they are, in messages of many sizes."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._init = binary_frame(b"init %d" % epoch)

    def mux(self, packet: Packet) -> Chunk:
        size = 100 + packet.sequence * 37 % 900
        data = binary_frame(packet.sequence.to_bytes(4, "big") + bytes(size))
        return Chunk(data, self._init, packet.keyframe, packet.seconds)


def frames(data: bytes) -> Iterator[Frame]:
    """The frames of a server; they must be whole."""
    position = 0
    while position < len(data):
        length, start = data[position + 1], position + 2
        if length == 126:
            length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
        assert start + length <= len(data), "a frame was cut"
        yield Frame(data[position] & 0x0F, data[start : start + length])
        position = start + length


@dataclass
class Client:
    """A viewer of the pump, and the ledger of what reached it."""

    viewer: Viewer
    transport: FakeTransport
    socket: FakeSocket
    first: int
    numbers: list[int] = field(default_factory=list)
    skipped: int = 0
    texts: list[bytes] = field(default_factory=list)

    def account(self, epochs: dict[int, int], keyframes: set[int], most: int) -> None:
        """Read everything, and check every message against what was sent."""
        self.transport.drain(PLENTY)
        epoch, following = None, self.first
        for frame in frames(bytes(self.socket.arrived)):
            if frame.opcode == TEXT and b"skipped" in frame.payload:
                self.skipped += json.loads(frame.payload)["count"]
                following += json.loads(frame.payload)["count"]
            elif frame.opcode == TEXT:
                self.texts.append(frame.payload)
            elif frame.payload.startswith(b"init"):
                epoch = int(frame.payload.split()[1])
            else:
                number = int.from_bytes(frame.payload[:4], "big")
                assert number == following, "what was skipped was told, and nothing came twice"
                assert epochs[number] == epoch, "its own init came before"
                if not self.numbers or self.numbers[-1] != number - 1:
                    assert number in keyframes, "it resumed at a keyframe"
                self.numbers.append(number)
                following += 1
        assert following == most, "everything is accounted for"


class Scene:
    """One log with a pump, any number of clients, and a ledger of what was appended."""

    def __init__(self, make_muxer: MakeMuxer = NumberedMuxer) -> None:
        self.muxed = Muxed(make_muxer)
        self.pump = Pump(self.muxed, "cam")
        self.epochs: dict[int, int] = {}
        self.keyframes: set[int] = set()
        self.clients: list[Client] = []
        self._epoch = 0
        self.begin()

    @property
    def end(self) -> int:
        return len(self.epochs)

    def begin(self) -> None:
        self._epoch += 1
        self.muxed.begin(self._epoch, ())
        self._fresh = True

    def append(self, keyframe: bool) -> None:
        number = self.end
        keyframe = keyframe or self._fresh
        self._fresh = False
        self.epochs[number] = self._epoch
        if keyframe:
            self.keyframes.add(number)
        seconds = number * STEP_SECONDS
        packet = Packet(0, self._epoch, number, b"", 0, 0, 1, keyframe, 0, seconds)
        self.muxed.append(packet)

    def join(self, max_latency: float, room: int, before: bytes = b"") -> Client:
        connection, transport, plain = fake_connection()
        plain.room = room
        if before:
            transport.write(before)
        viewer = Viewer(self.pump, connection, max_latency)
        connection.writers.append(viewer)
        viewer.websocket = viewer.told = True
        newest = self.muxed.log.newest_keyframe
        client = Client(viewer, transport, plain, self.end if newest is None else newest)
        viewer.start()
        self.clients.append(client)
        return client

    def account(self) -> None:
        for client in self.clients:
            client.account(self.epochs, self.keyframes, self.end)
            client.viewer.lost()
