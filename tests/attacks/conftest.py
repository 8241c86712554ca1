"""One hub for all attacks: each finds it as the one before has left it."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.canary import Canary
from tests.attacks.victim import Victim, attacked
from tests.support.leaks import shared


@pytest.fixture(scope="session")
def attacked_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with contextlib.ExitStack() as stack:
        with shared():
            victim = stack.enter_context(attacked(tmp_path_factory.mktemp("victim")))
        yield victim


@pytest.fixture
def victim(attacked_hub: Victim) -> Iterator[Victim]:
    """It; after each attack it is well, and is the same process."""
    yield attacked_hub
    assert attacked_hub.is_well()
    assert attacked_hub.running.process.poll() is None


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    pipe = tmp_path / "canary.ts"
    os.mkfifo(pipe)
    with socket.create_server(("127.0.0.1", 0)) as port:
        port.setblocking(False)
        yield Canary(pipe, port)
