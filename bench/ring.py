"""What sending by io_uring costs beside a call of send() for each viewer.

Both send messages of one size to some sockets, thirty times a second, and another process takes
them. Figures are processor time per message, of the sender, in microseconds.
"""

import argparse
import json
import os
import resource
import select
import socket
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from typing import NoReturn

from televise.web.connections.ring import Ring

FPS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="*", default=[16, 64, 128, 250, 1000])
    parser.add_argument("--sizes", type=int, nargs="*", default=[2_000, 20_000])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for count in options.sockets:
        for size in options.sizes:
            print(json.dumps(_compare(count, size, options.seconds, options.rounds)), flush=True)


def _compare(count: int, size: int, seconds: float, rounds: int) -> dict[str, float]:
    ring = Ring()
    with ExitStack() as stack:
        ours = _sockets(count, stack)
        descriptors = array("i", [each.fileno() for each in ours])
        calls = [each.send for each in ours]
        each, all_at_once = [], []
        for _ in range(rounds):
            each.append(_cost(lambda data: [call(data) for call in calls], size, seconds) / count)
            ringing = _cost(lambda data: ring.send(descriptors, data), size, seconds)
            all_at_once.append(ringing / count)
    ring.close()
    result = {"send_us": round(min(each), 2), "ring_us": round(min(all_at_once), 2)}
    ratio = round(min(all_at_once) / min(each), 2)
    return {"sockets": count, "bytes": size, **result, "ratio": ratio}


def _cost(send: Callable[[bytes], object], size: int, seconds: float) -> float:
    """Microseconds for one message to all."""
    data, number = os.urandom(size), int(seconds * FPS)
    before = time.process_time()
    for _ in range(number):
        send(data)
        time.sleep(1 / FPS)
    return (time.process_time() - before) / number * 1e6


def _sockets(count: int, stack: ExitStack) -> list[socket.socket]:
    """Our ends of connections whose other ends a process of its own reads."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
    if not os.fork():
        _take([socket.create_connection(server.getsockname()) for _ in range(count)])
    ours = [stack.enter_context(server.accept()[0]) for _ in range(count)]
    for each in ours:
        each.setblocking(False)
    return ours


def _take(theirs: list[socket.socket]) -> NoReturn:
    """Read all, until the other side has closed them."""
    poll, buffer, left = (
        select.epoll(),
        bytearray(1 << 20),
        {each.fileno(): each for each in theirs},
    )
    for descriptor in left:
        poll.register(descriptor, select.EPOLLIN)
    while left:
        for descriptor, _ in poll.poll():
            if not left[descriptor].recv_into(buffer):
                left.pop(descriptor).close()
    os._exit(0)


if __name__ == "__main__":
    main()
