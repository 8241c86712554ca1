"""A peer of `bench.compare`: the library `websockets` and its broadcast().

Usage: broadcast.py PORT BYTES FPS
"""

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(port: int, size: int, fps: float) -> None:
    viewers: set[ServerConnection] = set()

    async def watch(viewer: ServerConnection) -> None:
        viewers.add(viewer)
        try:
            await viewer.wait_closed()
        finally:
            viewers.discard(viewer)

    async with serve(watch, "127.0.0.1", port, compression=None):
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            broadcast(viewers, bytes(size))
            due += 1 / fps
            await asyncio.sleep(due - loop.time())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
