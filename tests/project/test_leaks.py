"""Leaks: the check that runs after each file of tests sees what it looks for."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from tests.support import leaks
from tests.support.leaks import Belongings, left, shared, unfinished


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(leaks, "ENDING_SECONDS", 0.0)


def test_nothing_new_is_no_leak() -> None:
    assert left(Belongings.now()) == []


def test_a_child_process() -> None:
    before = Belongings.now()
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert any(each.startswith(f"process {process.pid}: ") for each in left(before))
    assert left(before) == []


def test_a_thread() -> None:
    before, end = Belongings.now(), threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()
    assert left(before) == ["thread forgotten"]
    end.set()
    thread.join()
    assert left(before) == []


def test_a_descriptor() -> None:
    before = Belongings.now()
    ends = os.pipe()
    assert len(left(before)) == 2
    for each in ends:
        os.close(each)
    assert left(before) == []


def test_what_others_use_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "_shared", [])
    before = Belongings.now()
    with shared():
        ends = os.pipe()
    assert left(before) == []
    for each in ends:
        os.close(each)


def test_what_ends_in_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "PATIENCE_SECONDS", 40.0)
    before, end = Belongings.now(), threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    threading.Timer(0.1, end.set).start()
    assert left(before) == []
    assert not thread.is_alive()


def test_a_task() -> None:
    async def forgotten() -> None:
        await asyncio.Event().wait()

    async def forget(*, told: bool) -> None:
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(0)
        if told:
            task.cancel()

    asyncio.run(forget(told=True))
    assert unfinished() == []
    asyncio.run(forget(told=False))
    [task] = unfinished()
    assert "forgotten()" in task
    assert unfinished() == []


def test_a_task_that_is_about_to_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that has been told so by what the test did last."""
    monkeypatch.setattr(leaks, "ENDING_SECONDS", 40.0)
    ended: list[bool] = []

    async def ending(event: asyncio.Event) -> None:
        await event.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        ended.append(True)

    async def begin() -> None:
        event = asyncio.Event()
        task = asyncio.create_task(ending(event))
        await asyncio.sleep(0)
        assert not task.done()
        event.set()

    asyncio.run(begin())
    assert unfinished() == []
    assert ended == [True]
