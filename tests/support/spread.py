"""Which process has the other end of a connection, as the system knows it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path

from tests.support.waiting import until
from tests.support.wire import LIMIT_SECONDS, Stream, connect, handshake, request

# Not to meet one of two processes so often has a chance of 2 ** -TRIES.
TRIES = 60


def owner(port: int, client: int, pids: Collection[int]) -> int:
    """The one of ``pids`` that has accepted the connection from port ``client`` to ``port``; 0
    where none has."""
    wanted = f"socket:[{_inode(port, client)}]"
    for pid in pids:
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if str(each.readlink()) == wanted:
                    return pid
    return 0


def _inode(port: int, client: int) -> str:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ends = tuple(int(end.rpartition(":")[2], 16) for end in fields[1:3])
        if ends == (port, client):
            return fields[9]
    return ""


@contextlib.asynccontextmanager
async def at(
    pid: int,
    pids: Collection[int],
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    websocket: bool = False,
) -> AsyncIterator[Stream]:
    """A request on a connection that process ``pid`` has accepted."""
    for _ in range(TRIES):
        reader, writer = await connect(port)
        try:
            client = writer.get_extra_info("sockname")[1]
            if await until(lambda: owner(port, client, pids)) != pid:  # noqa: B023
                continue
            writer.write((handshake if websocket else request)(path, port, headers))
            async with asyncio.timeout(LIMIT_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            yield Stream(reader, writer, head)
            return
        finally:
            writer.transport.abort()
    raise AssertionError(f"no connection comes to process {pid}")
