"""Clients on bare sockets: what was sent is seen byte for byte, and they may stop reading."""

import asyncio
import base64
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from televise.formats.websocket import BINARY, CLOSE, TEXT

LIMIT_SECONDS = 40.0
PING, PONG = 0x9, 0xA


async def connect(
    port: int, *, receive_buffer: int = 0
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A TCP connection; with a ``receive_buffer`` the kernel takes hardly more than that."""
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    except BaseException:
        plain.close()
        raise
    # The reader takes little more than is asked for: the rest stays in the kernel.
    return await asyncio.open_connection(sock=plain, limit=4096)


async def exchange(port: int, request: bytes) -> bytes:
    """All that is answered to ``request`` until the server closes the connection."""
    reader, writer = await connect(port)
    try:
        writer.write(request)
        async with asyncio.timeout(LIMIT_SECONDS):
            return await reader.read(-1)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def request(
    path: str, port: int, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> bytes:
    """A request with the right Host, if ``headers`` has no other."""
    fields = {"Host": f"127.0.0.1:{port}", **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def handshake(path: str, port: int, headers: Mapping[str, str] | None = None) -> bytes:
    """A request for a WebSocket."""
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    return request(path, port, fields | dict(headers or {}))


@dataclass(frozen=True)
class Frame:
    """One WebSocket frame of the server."""

    opcode: int
    payload: bytes

    @property
    def json(self) -> Any:
        """A text message of ``televise.v1``."""
        assert self.opcode == TEXT
        return json.loads(self.payload)

    @property
    def code(self) -> int:
        """Why it was closed."""
        assert self.opcode == CLOSE
        return int.from_bytes(self.payload[:2], "big")


def _long(length: int) -> bytes:
    """The masked length of a frame of 126 bytes or more."""
    short = length < 1 << 16
    return (b"\xfe" if short else b"\xff") + length.to_bytes(2 if short else 8, "big")


class Stream:
    """One request on one connection, and its answer: the head, then bytes, parts or frames."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        self.head = head
        self.reader = reader
        self.writer = writer

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.split(": ", 1) for line in lines if line)
        return {name.lower(): value for name, value in pairs}

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        port: int,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        websocket: bool = False,
        receive_buffer: int = 0,
    ) -> AsyncIterator["Stream"]:
        """Send the request and read the head of the answer."""
        reader, writer = await connect(port, receive_buffer=receive_buffer)
        try:
            writer.write((handshake if websocket else request)(path, port, headers))
            async with asyncio.timeout(LIMIT_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            yield cls(reader, writer, head)
        finally:
            writer.transport.abort()

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.reader.readexactly(count)

    async def until(self, separator: bytes) -> bytes:
        """Up to and with ``separator``."""
        data = bytearray()
        while not data.endswith(separator):
            data += await self.exactly(1)
        return bytes(data)

    async def box(self) -> tuple[str, bytes]:
        """The next MP4 box: its type, and all its bytes."""
        head = await self.exactly(8)
        size = int.from_bytes(head[:4], "big")
        return head[4:].decode("latin-1"), head + await self.exactly(size - 8)

    async def frame(self) -> Frame:
        """The next WebSocket frame."""
        first, length = await self.exactly(2)
        assert first & 0xF0 == 0x80, "a whole message, and nothing compressed"
        assert length < 0x80, "servers do not mask"
        if length == 126:
            length = int.from_bytes(await self.exactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.exactly(8), "big")
        return Frame(first & 0x0F, await self.exactly(length))

    async def rest(self) -> bytes:
        """All bytes until the server ends the connection, whichever way."""
        data = bytearray()
        with contextlib.suppress(ConnectionError):
            while some := await self._some():
                data += some
        return bytes(data)

    async def _some(self) -> bytes:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.reader.read(65536)

    def send(self, opcode: int, payload: bytes) -> None:
        """A WebSocket frame of the client, masked."""
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else _long(length)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.writer.write(bytes([0x80 | opcode]) + size + mask + masked)

    def say(self, text: str) -> None:
        self.send(TEXT, text.encode())


__all__ = [
    "BINARY",
    "CLOSE",
    "PING",
    "PONG",
    "TEXT",
    "Frame",
    "Stream",
    "connect",
    "exchange",
    "handshake",
    "request",
]
