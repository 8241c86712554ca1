"""FakeCamera: a network camera that fails, freezes or jumps when it is told to."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from televise.formats import mpegts

if TYPE_CHECKING:
    from televise.media.drawing import Planes
    from televise.media.testcard import TestCard

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n"
_DAY_MS = 86_400_000
# What one who does not read may have waiting.
_MAX_WAITING_BYTES = 1 << 20


class FakeCamera:
    """H.264 in MPEG-TS over HTTP: the test pattern, whose frame numbers `read_barcode` reads.

    ``sent`` counts pictures; they are made while somebody is connected. ``connections`` counts
    those that were made so far, ``refused`` those that were not taken while it failed.
    """

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        self.size = size
        self.fps = fps
        self.port = 0
        self.sent = self.connections = self.refused = 0
        self._jumped = 0.0
        self._failed = self._frozen = False
        self._plans: list[tuple[int, Callable[[], None]]] = []
        self._feeds: dict[asyncio.StreamWriter, _Feed] = {}

    @property
    def url(self) -> str:
        """A source for `televise serve`, and for everything that plays MPEG-TS."""
        return f"http://127.0.0.1:{self.port}/camera.ts"

    def at(self, seconds: float, what: Callable[[], None]) -> None:
        """Do ``what`` (`fail`, `freeze`, a lambda) when so many seconds of pictures were sent."""
        self._plans.append((round(seconds * self.fps), what))

    def fail(self) -> None:
        """All connections break, and there are no others until it is mended."""
        self._failed = True
        for writer in self._feeds:
            writer.transport.abort()
        self._feeds.clear()

    def freeze(self) -> None:
        """Connections stay open, and nothing comes."""
        self._frozen = True

    def mend(self) -> None:
        """Send again, and take connections."""
        self._failed = self._frozen = False

    def jump(self, seconds: float) -> None:
        """Times go on so much later, or earlier where it is less than 0."""
        self._jumped += seconds

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send to one more, until it goes."""
        if self._failed:
            self.refused += 1
            writer.transport.abort()
            return
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_HEAD)
            self._feeds[writer] = _Feed(self.size, self.fps)
            await reader.read(-1)
        self._feeds.pop(writer, None)
        writer.transport.abort()

    async def run(self) -> None:
        """Make pictures, for ever."""
        from televise.media.testcard import TestCard

        card, loop = TestCard(*self.size), asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 1 / self.fps, loop.time() - 1.0)
            await asyncio.sleep(due - loop.time())
            if self._feeds and not self._frozen:
                self._send(card)

    def _send(self, card: "TestCard") -> None:
        planes = card.render(self.sent, time.time_ns() // 1_000_000 % _DAY_MS)
        seconds = self.sent / self.fps + self._jumped
        for writer, feed in list(self._feeds.items()):
            data = feed.encode(planes, seconds)
            if writer.transport.get_write_buffer_size() < _MAX_WAITING_BYTES:
                writer.write(data)
        self.sent += 1
        for plan in [plan for plan in self._plans if plan[0] <= self.sent]:
            self._plans.remove(plan)
            plan[1]()


class _Feed:
    """The encoder of one connection: it begins with a keyframe, and has another each second."""

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        import av
        from av.video.codeccontext import VideoCodecContext

        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
        context.gop_size = fps
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
        self._context = context
        self._mux = mpegts.Multiplexer([mpegts.H264], 0)
        self._count = 0

    def encode(self, planes: "Planes", seconds: float) -> bytes:
        """One picture at a time of its own."""
        import av

        from televise.media.planes import pixel_planes

        frame = av.VideoFrame(self._context.width, self._context.height, "yuv420p")
        for target, pixels in zip(pixel_planes(frame), planes, strict=True):
            target[:] = pixels
        frame.pts, self._count = self._count, self._count + 1
        ticks = round(seconds * mpegts.CLOCK_HZ)
        units = [
            mpegts.Unit(bytes(packet), ticks, ticks, packet.is_keyframe)
            for packet in self._context.encode(frame)
        ]
        return b"".join(self._mux.mux(0, unit) for unit in units)


@contextlib.asynccontextmanager
async def fake_camera(
    size: tuple[int, int] = (160, 120), fps: int = 15
) -> AsyncIterator[FakeCamera]:
    """A camera on a free port of this machine."""
    camera = FakeCamera(size, fps)
    server = await asyncio.start_server(camera.accept, "127.0.0.1", 0)
    camera.port = server.sockets[0].getsockname()[1]
    running = asyncio.create_task(camera.run())
    try:
        yield camera
    finally:
        running.cancel()
        server.close()
        camera.fail()
        await asyncio.gather(running, return_exceptions=True)
        await server.wait_closed()
