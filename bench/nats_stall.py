"""What a NATS client that hangs does to the others, by version and options of the server.

No televise in it: one client publishes 50 KB 240 times a second (as eight channels of MJPEG would),
one takes it, and one takes it and is then stopped (SIGSTOP). How late the healthy one gets it, and
how long the publisher was held up at most.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.nats_server import PROGRAM, nats_server

SUBJECT = "bench"
BYTES, PER_SECOND = 50_000, 240
# Takes all, until it is stopped; it says when it has begun.
TAKER = """
import asyncio, sys
from nats.aio.client import Client
async def main():
    client = Client()
    await client.connect(sys.argv[1])
    async def ignore(message): pass
    await client.subscribe("bench", cb=ignore)
    await client.flush()
    print("begun", flush=True)
    await asyncio.sleep(1000)
asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--server", default=PROGRAM)
    parser.add_argument("--plain", action="store_true", help="no options: the server's defaults")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plain = options.plain
        with nats_server(options.server, Path(folder), plain=plain) as server:
            taker = [sys.executable, "-c", TAKER, server.url]
            with subprocess.Popen(taker, stdout=subprocess.PIPE) as frozen:
                assert frozen.stdout is not None
                frozen.stdout.readline()
                result = asyncio.run(_measure(server.url, frozen, options.seconds))
                frozen.kill()
    print(json.dumps({"nats_server": server.version, "plain": plain, **result}))


async def _measure(url: str, frozen: "subprocess.Popen[bytes]", seconds: float) -> dict[str, Any]:
    late: list[float] = []
    held_up = [0.0]

    async def hear(message: Msg) -> None:
        late.append((time.monotonic_ns() - int(message.data[:20])) / 1e6)

    publisher, healthy = Client(), Client()
    await publisher.connect(url)
    await healthy.connect(url)
    await healthy.subscribe(SUBJECT, cb=hear)
    await _publish(publisher, seconds / 4, [0.0])
    late.clear()
    frozen.send_signal(signal.SIGSTOP)
    count = await _publish(publisher, seconds, held_up)
    await asyncio.sleep(1.0)
    late.sort()
    await publisher.close()
    await healthy.close()
    return {
        "sent": count,
        "arrived": len(late),
        "late_ms_median": round(late[len(late) // 2], 1),
        "late_ms_p99": round(late[len(late) * 99 // 100], 1),
        "late_ms_most": round(late[-1], 1),
        "publisher_held_up_ms_most": round(held_up[0] * 1000),
    }


async def _publish(client: Client, seconds: float, held_up: list[float]) -> int:
    """At the rate, as far as the server takes it; what it was held up for at most."""
    began, count = time.monotonic(), 0
    rest = bytes(BYTES - 20)
    while (now := time.monotonic()) - began < seconds:
        await client.publish(SUBJECT, b"%20d" % time.monotonic_ns() + rest)
        await client.flush()
        held_up[0] = max(held_up[0], time.monotonic() - now)
        count += 1
        await asyncio.sleep(max(0.0, began + count / PER_SECOND - time.monotonic()))
    return count


if __name__ == "__main__":
    main()
