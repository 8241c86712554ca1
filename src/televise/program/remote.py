"""connect: the channels of a program on a hub that is somewhere else."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time

from televise.errors import InputError, Unavailable
from televise.model.hub_url import parse_hub_url
from televise.program.complaints import Complaints
from televise.program.publisher import Publisher

_END_SECONDS = 4.0

_log = logging.getLogger("televise")


def connect(url: str, *, token: str = "") -> "Remote":
    """Show pictures on the hub at ``url`` (``ws://hub:8080``), as a `Server` does on its own.

    ``token`` is a key for publishing there. It returns at once. What may pass (the hub cannot be
    reached, somebody else publishes that channel) is tried again and again, and told once as a
    warning of the logger ``televise``; where the hub refuses for good (the key, the name), `show`
    raises Unavailable. InputError for a bad URL.
    """
    return Remote(url, token)


class Remote(Publisher):
    """Publishes each channel by a process of its own (``televise push``). Made by `connect`."""

    def __init__(self, url: str, token: str) -> None:
        self._url = parse_hub_url(url, "ws://hub:8080")
        if self._url.query or self._url.token:
            raise InputError("without a query: write it as in ws://hub:8080; a key is token=")
        self._token = token
        self._pushers: dict[str, subprocess.Popen[str]] = {}
        super().__init__()

    @property
    def url(self) -> str:
        """The page with all channels of the hub."""
        return self._url.http

    def url_of(self, name: str) -> str:
        """The page of a channel."""
        return f"{self.url}/{name}"

    def viewers_of(self, name: str) -> int:
        """Only the hub knows: Unavailable."""
        raise Unavailable("viewers are counted by the hub, which is elsewhere: ask its API")

    def listen(self, name: str) -> None:
        """Clicks stay with the hub: Unavailable."""
        raise Unavailable("clicks and keys come to a program's own Server only")

    def _publish(self, name: str, source: str) -> None:
        pusher = subprocess.Popen(
            [sys.executable, "-P", "-m", "televise", "push", source, f"{self._url.ws}/{name}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # Not an argument, which everybody on the machine can read.
            env=os.environ | ({"TELEVISE_TOKEN": self._token} if self._token else {}),
            start_new_session=True,
        )
        self._pushers[name] = pusher
        threading.Thread(target=self._attend, args=(name, pusher), daemon=True).start()

    def _attend(self, name: str, pusher: "subprocess.Popen[str]") -> None:
        """In a thread: hear what a pusher says until it ends; that it does by itself is a fault."""
        last, complaints = "", Complaints()
        with pusher:
            for line in pusher.stderr or ():
                if reason := complaints.hear(line, time.monotonic()):
                    _log.warning("televise: %s is not published: %s", self.url_of(name), reason)
                last = line.strip().removeprefix("televise: ") or last
        if self._pushers.get(name) is pusher:
            self._lose(last or f"the process that publishes {name} has ended")

    def _unpublish(self, name: str) -> None:
        _end(self._pushers.pop(name))

    def _end(self) -> None:
        while self._pushers:
            _end(self._pushers.popitem()[1])

    def _abandon(self) -> None:
        for pusher in self._pushers.values():
            assert pusher.stderr is not None
            pusher.stderr.close()


def _end(pusher: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        pusher.terminate()
    try:
        pusher.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        pusher.kill()
        pusher.wait()
