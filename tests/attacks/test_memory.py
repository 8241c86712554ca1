"""The memory ceiling: however many take nothing, what waits for them has an end."""

import contextlib
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.victim import Victim, attacked
from tests.support.wire import Stream, handshake
from tests.web.test_full import sees

BUDGET, BEYOND = 16, 64
STALLED = 400
# Pictures of a third of a megabyte: what waits for that many would be a hundred.
PICTURES = "big=pattern:?size=1920x1080&fps=10"
STREAM = "/big.mjpg?q=100"


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Victim]:
    with attacked(tmp_path, PICTURES, "--max-megabytes", str(BUDGET)) as victim:
        yield victim


def stalled(victim: Victim, stack: contextlib.ExitStack) -> None:
    """One who asks for pictures and takes none."""
    plain = stack.enter_context(socket.socket())
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", victim.port))
    plain.sendall(handshake(STREAM, victim.port))


def refused(victim: Victim) -> int:
    """How often somebody was sent away, or not let in, as too much was waiting."""
    metrics = f"http://127.0.0.1:{victim.port}/metrics"
    with urllib.request.urlopen(metrics) as answer:
        text = answer.read().decode()
    (line,) = [line for line in text.splitlines() if 'refused_total{limit="megabytes"}' in line]
    return int(float(line.split()[1]))


async def test_who_takes_nothing_fills_no_memory(narrow: Victim) -> None:
    async with Stream.open(narrow.port, STREAM, websocket=True) as watching:
        await sees(watching, 5)
        with contextlib.ExitStack() as stack:
            for _ in range(STALLED):
                stalled(narrow, stack)
            size = max([len((await watching.frame()).payload) for _ in range(5)])
            assert size * STALLED > (BUDGET + BEYOND) << 20, "that would have been too much"
            await sees(watching, 20)
            assert refused(narrow) > STALLED // 2
        await sees(watching, 5)
        assert narrow.peak_megabytes < BUDGET + BEYOND
