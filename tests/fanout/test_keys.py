"""A key for so many viewers, and wrong keys: they are counted in all fan-out processes together."""

import json
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from televise.model import refusals
from televise.web.trust import suspects
from televise.web.trust.keys import Grant, Keys
from tests.support.server import SMALL, serving
from tests.support.spread import at, owner
from tests.support.waiting import until
from tests.support.wire import BINARY, connect, request


async def test_a_key_has_so_many_viewers_wherever_they_come(tmp_path: Path) -> None:
    """A browser is one of them, however many streams its page has."""
    keys = Keys(tmp_path / "key")
    key = keys.sign(Grant("cam", "view", viewers=2), 600)
    browser = {"Cookie": f"televise-cam={keys.session(keys.verify(key))}"}
    path = f"/cam.mjpg?token={key}"
    async with (
        serving(f"cam={SMALL}", private=True, key_file=tmp_path / "key", workers=2) as tv,
        AsyncExitStack() as stack,
    ):
        crew = tv.server._crew
        assert crew is not None
        pids = [member.worker or 0 for member in crew.members]
        await tv.is_live()

        async def come(pid: int, path: str, headers: dict[str, str] | None = None) -> int:
            stream = at(pid, pids, tv.port, path, headers)
            return (await stack.enter_async_context(stream)).status

        for pid in pids:
            assert await come(pid, "/cam.mjpg", browser) == 200
        assert await come(pids[0], path) == 200
        for pid in pids:
            assert await come(pid, path) == 503
            assert await come(pid, "/cam.jpg?t=-1s&" + path.partition("?")[2]) == 503
        other = keys.sign(Grant("cam", "view", viewers=2), 600)
        assert await come(pids[1], f"/cam.mjpg?token={other}") == 200
        await stack.aclose()
        await until(lambda: not len(tv.edge.visits))
        assert await come(pids[1], path) == 200


async def test_wrong_keys_wait_wherever_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More processes are no more tries; and one that dies leaves nobody waiting."""
    monkeypatch.setattr(suspects, "FREE_TRIES", 6)
    monkeypatch.setattr(suspects, "MOST_WAITING", 0)
    refused = refusals.counts["wrong_keys"]
    async with serving(f"cam={SMALL}", private=True, key_file=tmp_path / "key", workers=2) as tv:
        crew = tv.server._crew
        assert crew is not None
        pids = [member.worker or 0 for member in crew.members]

        async def tries(pid: int) -> int:
            async with at(pid, pids, tv.port, "/cam.mjpg?token=wrong") as stream:
                return stream.status

        assert [await tries(pid) for pid in pids * 5] == [401] * 6 + [429] * 4
        assert refusals.counts["wrong_keys"] == refused + 4
        assert tv.server._suspects.wrong == 10
        monkeypatch.setattr(suspects, "MOST_WAITING", 1)
        monkeypatch.setattr(suspects, "LONGEST_DELAY_SECONDS", 1e9)
        _, writer = await connect(tv.port)
        writer.write(request("/cam.mjpg?token=wrong", tv.port))
        await until(lambda: tv.server._suspects._waiting)
        assert [await tries(pid) for pid in pids] == [429] * 2
        doomed = owner(tv.port, writer.get_extra_info("sockname")[1], pids)
        os.kill(doomed, signal.SIGKILL)
        await until(lambda: not tv.server._suspects._waiting)
        writer.close()


async def test_who_has_shown_no_key_takes_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one who is silent where a key is waited for, nor one whose wrong key waits."""
    monkeypatch.setattr(suspects, "FREE_TRIES", 0)
    monkeypatch.setattr(suspects, "LONGEST_DELAY_SECONDS", 1e9)
    how: dict[str, Any] = {"headers": {"Sec-WebSocket-Protocol": "televise.key"}, "websocket": True}
    limits: dict[str, Any] = {"private": True, "key_file": tmp_path / "key", "max_viewers": 1}
    async with serving(f"cam={SMALL}", workers=2, **limits) as tv, AsyncExitStack() as stack:
        crew = tv.server._crew
        assert crew is not None
        pids = [member.worker or 0 for member in crew.members]
        for pid in pids:
            for _ in range(2):
                silent = await stack.enter_async_context(at(pid, pids, tv.port, "/cam.mjpg", **how))
                assert silent.status == 101
            silent.say(json.dumps({"token": "wrong"}))
        await until(lambda: tv.server._suspects._waiting.total() == 2)
        assert tv.watching == 0
        token = Keys(tmp_path / "key").sign(Grant("cam", "view"), 60)
        async with at(pids[0], pids, tv.port, "/cam.mjpg", **how) as viewer:
            viewer.say(json.dumps({"token": token}))
            assert (await viewer.frame()).opcode == BINARY
            for pid in pids:
                async with at(pid, pids, tv.port, f"/cam.mjpg?token={token}") as other:
                    assert other.status == 503
