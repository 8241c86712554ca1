"""Runs a server for a Python program that holds the other end of a pipe, until that is closed.

Started by `televise.program.hub_process` as ``python -m televise.processes.controlled NUMBER``,
NUMBER being the inherited file descriptor. JSON lines go both ways: the program says serve, channel
and remove, each of which is answered; the hub tells of viewers and of what they do.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sys
from typing import Any

from televise import events
from televise.errors import InputError, TeleviseError
from televise.hub.channel import Channel
from televise.link.local import inherited
from televise.model.source import parse_source
from televise.server import Server
from televise.settings import Settings
from televise.web.trust.security import check_origin, is_loopback

# How often it is looked how many viewers there are.
COUNT_SECONDS = 0.2
CLOSE_SECONDS = 3.0
# Where a port is only a wish, so many from there on are tried.
PORTS = 100


def main() -> None:
    """Serve until the program goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    events.configure()
    asyncio.run(_Controlled(inherited(int(sys.argv[1]))).run())
    os._exit(0)  # nothing is left to be done, and nobody waits for it


class _Controlled:
    """A server, and the program that it belongs to."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._server: Server | None = None
        self._folder = ""

    async def run(self) -> None:
        """Do what the program says, until it says nothing any more."""
        self._pipe.setblocking(False)
        reader, self._writer = await asyncio.open_connection(sock=self._pipe)
        counting = asyncio.create_task(self._count())
        with contextlib.suppress(ConnectionError):  # it was killed before it heard all
            async for line in reader:
                message = json.loads(line)
                answer = await self._answer(message)
                self._say(type="answer", number=message["number"], **answer)
        counting.cancel()
        # The program may have been killed, and cannot do it itself.
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._server.close()

    async def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            if message["type"] == "serve":
                self._folder = message["folder"]
                self._server = await _start_for_python(message)
                self._server.edge.on_input = self._tell_input
                return {"url": self._server.url}
            assert self._server is not None
            hub = self._server.hub
            if message["type"] == "channel":
                hub.add(parse_source(f"{message['name']}={message['source']}")).open()
            elif message["type"] == "listen":
                self._server.edge.listen(hub.channel(message["name"]))
            elif message["type"] == "sign":
                return {"token": self._server.key_to_watch(message["name"], message["valid"])}
            else:
                await hub.remove(message["name"])
        except TeleviseError as error:
            return {"error": str(error)}
        return {}

    def _tell_input(self, channel: str, message: dict[str, Any]) -> None:
        self._say(type="event", channel=channel, message=message)

    async def _count(self) -> None:
        told: dict[str, int] = {}
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            channels = self._server.hub.channels if self._server is not None else []
            counts = {channel.name: _viewers(channel) for channel in channels}
            if counts != told:
                told = counts
                self._say(type="viewers", counts=counts)

    def _say(self, **message: Any) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")


def _viewers(channel: Channel) -> int:
    return sum(encoding.users for encoding in channel.encodings)


async def _start_for_python(options: dict[str, Any]) -> Server:
    """The same; what is wrong is told by the names that options of the command have in Python."""
    try:
        return await _start(options)
    except InputError as error:
        told = re.sub(r"--(host|port) (\S)", r"\1=\2", str(error))
        raise InputError(re.sub(r"--origin ('.*?'):", r"origins=[\1]:", told)) from error


async def _start(options: dict[str, Any]) -> Server:
    """A server that listens as ``options`` say. InputError."""
    safe = is_loopback(options["host"]) or options["private"] or options["insecure"]
    if not safe:
        raise InputError(
            f"host={options['host']!r} lets everybody in your network watch: add private=True so "
            "that they need a key, or insecure=True if that is what you want"
        )
    first = options["port"]
    for port in range(first, first + (PORTS if options["or_next"] else 1)):
        server = Server(
            [],
            Settings(
                host=options["host"],
                port=port,
                origins=[check_origin(each) for each in options["origins"]],
                same_site=True,
                private=options["private"],
            ),
        )
        try:
            await server.start()
            return server
        except InputError as error:
            await server.close()
            problem = error
    raise problem


if __name__ == "__main__":
    main()
