"""A worker process as the hub runs it, and what comes out of it, for tests to look at."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from televise.link.local import inheritance, socket_pair
from televise.link.messages import (
    Announce,
    Epoch,
    Hello,
    Media,
    Message,
    Open,
    Refused,
    State,
    Subscribe,
    Unsubscribe,
)
from televise.link.protocol import VERSION, Receiver, encode
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.outputs.fmp4 import Endless

SOURCE_FOLDER = Path(__file__).resolve().parents[2] / "src"
H264 = Rendition("h264", "aac")
JPEG = Rendition("mjpeg")
PATIENCE = 30.0

T = TypeVar("T")


@dataclass
class Run:
    """The packets of one epoch of one subscription."""

    epoch: int
    tracks: tuple[Track, ...]
    packets: list[Packet] = field(default_factory=list)

    def of(self, kind: str) -> list[Packet]:
        return [packet for packet in self.packets if self.tracks[packet.track].kind == kind]

    def track(self, kind: str) -> Track:
        return next(track for track in self.tracks if track.kind == kind)

    def seconds(self, kind: str) -> list[float]:
        """When each packet is shown."""
        scale = self.track(kind).timescale
        return [packet.pts / scale for packet in self.of(kind)]

    def mp4(self) -> bytes:
        """What a viewer of ``/NAME.mp4`` gets."""
        muxer = Endless(self.epoch, self.tracks)
        chunks = [muxer.mux(packet) for packet in self.packets]
        return b"".join([chunks[0].init, *(chunk.data for chunk in chunks)])


class Worker:
    """The hub's end of a worker; keeps every message."""

    def __init__(
        self,
        source: str,
        stdin: int | None = subprocess.DEVNULL,
        program: Sequence[str] = ("-m", "televise.media.worker"),
    ) -> None:
        self._changed = threading.Condition()
        self._messages: list[Message] = []
        self._ended = False
        self._ids = 0
        self._socket, theirs = socket_pair()
        self._socket.setblocking(True)
        self.process = subprocess.Popen(
            [sys.executable, *program, str(theirs.fileno())],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE_FOLDER)},
            start_new_session=True,
            **inheritance(theirs),  # type: ignore[call-overload]
        )
        theirs.close()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.send(Hello(VERSION))
        if source:
            self.send(Open(f"x={source}", time.monotonic()))

    def send(self, message: Message) -> None:
        self._socket.sendall(encode(message))

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def subscribe(self, rendition: Rendition) -> int:
        self._ids += 1
        self.send(Subscribe(self._ids, rendition, 1))
        return self._ids

    def unsubscribe(self, number: int) -> None:
        self.send(Unsubscribe(number))

    def close_link(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        receiver = Receiver("provider")
        while data := self._receive():
            for message in receiver.feed(data):
                with self._changed:
                    self._messages.append(message)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(1 << 20)
        except OSError:
            return b""

    @property
    def messages(self) -> list[Message]:
        with self._changed:
            return list(self._messages)

    def wait_for(self, find: Callable[[], T | None], seconds: float = PATIENCE) -> T:
        """The first thing that ``find`` finds, as messages come in."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (found := find()):
                left = deadline - time.monotonic()
                if self._ended or left < 0:
                    raise AssertionError(f"it did not come (ended={self._ended}): {self._story()}")
                self._changed.wait(left)
            return found

    def wait_for_state(
        self, state: str, *, after: int = 0, text: str = "", final: bool = False
    ) -> State:
        def find() -> State | None:
            for message in self._messages[after:]:
                if not isinstance(message, State) or message.state != state:
                    continue
                if text in message.text and message.final >= final:
                    return message
            return None

        return self.wait_for(find)

    def wait_for_end(self) -> int:
        """The exit status, once the process has ended by itself."""
        status: int = self.process.wait(PATIENCE)
        return status

    def announced(self) -> dict[str, Track]:
        """The newest announcement."""

        def find() -> Announce | None:
            return next((m for m in reversed(self._messages) if isinstance(m, Announce)), None)

        return {track.kind: track for track in self.wait_for(find).tracks}

    def runs(self, number: int) -> list[Run]:
        """What has come of a subscription so far, by epochs."""
        runs: list[Run] = []
        for message in self.messages:
            if isinstance(message, Epoch) and message.id == number:
                runs.append(Run(message.epoch, message.tracks))
            elif isinstance(message, Media) and message.id == number:
                assert runs, "a packet before the first epoch"
                assert message.packet.epoch == runs[-1].epoch
                runs[-1].packets.append(message.packet)
        return runs

    def collect(self, number: int, seconds: float, epochs: int = 1) -> list[Run]:
        """What comes until epoch number ``epochs`` has ``seconds`` of media."""

        def find() -> list[Run] | None:
            refusals = [m for m in self._messages if isinstance(m, Refused) and m.id == number]
            assert not refusals, refusals
            last = self._newest_run(number)
            enough = last is not None and _length(last) >= seconds
            runs = self.runs(number) if enough else []
            return runs if len(runs) >= epochs else None

        return self.wait_for(find)

    def _newest_run(self, number: int) -> tuple[float, float] | None:
        first: float | None = None
        last = 0.0
        for message in self._messages:
            if isinstance(message, Epoch) and message.id == number:
                first = None
            elif isinstance(message, Media) and message.id == number:
                first = message.packet.seconds if first is None else first
                last = max(message.packet.seconds, first)
        return None if first is None else (first, last)

    def _story(self) -> str:
        """What has been said, without what repeats."""
        lines: list[str] = []
        for message in self._messages:
            line = str(message)[:200] if not isinstance(message, Media) else f"Media {message.id}"
            if not lines or lines[-1] != line:
                lines.append(line)
        return "\n".join(lines[-40:])

    def stop(self) -> str:
        """End it; what it wrote to standard error."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        _, errors = self.process.communicate()
        self._socket.close()
        self._reader.join(PATIENCE)
        return (errors or b"").decode()


def _length(span: tuple[float, float]) -> float:
    return span[1] - span[0]


@contextmanager
def running(
    source: str | Path,
    stdin: int | None = subprocess.DEVNULL,
    program: Sequence[str] = ("-m", "televise.media.worker"),
) -> Iterator[Worker]:
    """A worker of ``source`` that must not complain."""
    worker = Worker(str(source), stdin, program)
    try:
        yield worker
    except BaseException:
        sys.stderr.write(worker.stop())
        raise
    assert worker.stop() == ""


def play(
    source: str | Path, seconds: float, rendition: Rendition = H264
) -> tuple[list[Run], dict[str, Track]]:
    """What a worker makes of ``source`` in ``seconds`` of media, and what it announced."""
    with running(source) as worker:
        runs = worker.collect(worker.subscribe(rendition), seconds)
        return runs, worker.announced()


def steps(run: Run, kind: str) -> list[float]:
    """Seconds between the pictures, or blocks of sound, of a run."""
    return [later - earlier for earlier, later in pairwise(run.seconds(kind))]


def skews(run: Run) -> list[float]:
    """How far sound lies behind the picture, each time that the same film passes through."""
    return [sound - picture for sound, picture in zip(_passes(run, "audio"), _passes(run, "video"),
                                                      strict=False)]  # fmt: skip


def _passes(run: Run, kind: str) -> list[float]:
    marker = run.of(kind)[3].data
    times = zip(run.of(kind), run.seconds(kind), strict=True)
    return [seconds for packet, seconds in times if packet.data == marker]


@contextmanager
def fed(*parts: tuple[bytes, float]) -> Iterator[Worker]:
    """A worker into whose standard input these bytes are written, in so many seconds each."""
    ours, theirs = os.pipe()
    over = threading.Event()
    with running("-", ours) as worker:
        os.close(ours)
        writer = threading.Thread(target=_write, args=(theirs, parts, over))
        writer.start()
        try:
            yield worker
        finally:
            over.set()
            worker.process.kill()
            writer.join(PATIENCE)


def _write(descriptor: int, parts: tuple[tuple[bytes, float], ...], over: threading.Event) -> None:
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb", buffering=0) as pipe:
        for data, seconds in parts:
            count = max(1, round(seconds / 0.04))
            size = -(-len(data) // count)
            for start in range(0, len(data), size):
                pipe.write(data[start : start + size])
                if over.wait(seconds / count):
                    return
