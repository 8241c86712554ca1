"""A key for so many viewers: they are counted in all fan-out processes together."""

from contextlib import AsyncExitStack
from pathlib import Path

from televise.web.keys import Grant, Keys
from tests.support.server import SMALL, serving
from tests.support.spread import at
from tests.support.waiting import until


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
