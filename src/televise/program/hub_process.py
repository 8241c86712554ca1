"""HubProcess: the hub of a program, as a child process at the other end of a pipe."""

import contextlib
import json
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from televise.errors import InputError, Unavailable
from televise.program.background import Background

# How long the hub may take to start, to answer, and to end.
START_SECONDS = 20.0
ANSWER_SECONDS = 5.0
END_SECONDS = 4.0


class HubProcess:
    """Runs `televise.processes.controlled`; JSON lines go both ways. It ends when the pipe does.

    ``heard`` is called in the background with what the hub tells by itself, ``lost`` with the
    reason when it has ended. InputError where it cannot serve as ``options`` say.
    """

    def __init__(
        self,
        options: dict[str, Any],
        background: Background,
        *,
        heard: Callable[[dict[str, Any]], None],
        lost: Callable[[str], None],
        log: bool,
    ) -> None:
        self._background = background
        self._heard = heard
        self._lost = lost
        self._rest = b""
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._asking = threading.Lock()
        self._number = 0
        self._pipe, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "televise.processes.controlled", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if log else subprocess.DEVNULL,
                # Ctrl+C is for the program, which may have something to do yet.
                start_new_session=True,
            )
        background.soon(background.loop.add_reader, self._pipe, self._receive)
        try:
            self.url: str = self.ask(START_SECONDS, type="serve", **options)["url"]
        except BaseException:
            self.close()
            raise

    def ask(self, seconds: float = ANSWER_SECONDS, **message: Any) -> dict[str, Any]:
        """Tell the hub something, and wait for what it says to that. InputError, Unavailable."""
        with self._asking:
            answer = self._ask(seconds, message)
        if "lost" in answer:
            raise Unavailable(answer["lost"])
        if "error" in answer:
            raise InputError(answer["error"])
        return answer

    def _ask(self, seconds: float, message: dict[str, Any]) -> dict[str, Any]:
        """One answer at a time, and no other than that to ``message``."""
        self._number += 1
        line = json.dumps({**message, "number": self._number}).encode() + b"\n"
        with contextlib.suppress(OSError):  # else no answer comes
            self._pipe.sendall(line)
        while True:
            try:
                answer = self._answers.get(timeout=seconds)
            except queue.Empty:
                raise Unavailable("the hub does not answer: make a new Server") from None
            if "lost" in answer:
                self._answers.put(answer)  # for whoever asks next
                return answer
            if answer["number"] == self._number:
                return answer

    def close(self) -> None:
        """End the hub and its workers; not in the background."""
        with contextlib.suppress(OSError):
            self._pipe.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def abandon(self) -> None:
        """In a forked child: let go of what belongs to the parent."""
        self._pipe.close()

    def _receive(self) -> None:
        try:
            data = self._pipe.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["type"] == "answer":
                self._answers.put(message)
            else:
                self._heard(message)

    def _end(self) -> None:
        self._background.loop.remove_reader(self._pipe)
        self._pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        code = self.process.returncode
        reason = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        text = f"the hub has ended ({reason}): make a new Server; log=True shows what it says"
        self._answers.put({"lost": text})
        self._lost(text)
