"""What became of everything for a viewer over HTTP, asked on another connection."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from televise.crowd import ledger
from televise.crowd.crowd import watch
from televise.crowd.outputs import EXAMPLES, outputs_of
from televise.crowd.wire import Address
from televise.fanout.member import Member
from televise.model.hub_url import parse_hub_url
from televise.web.trust.keys import Grant, Keys
from tests.support.server import SMALL, Serving, serving
from tests.support.spread import at
from tests.support.waiting import until

WHO = "A-viewer_that-is-called-so-0123456"


async def ask(tv: Serving, who: str = WHO) -> dict[str, Any] | None:
    return await ledger.ask(Address("127.0.0.1", tv.port, "/cam.mp4?w=80", viewer=who))


async def test_one_that_is_here_can_be_asked_for() -> None:
    async with serving() as tv:
        await tv.is_live()
        async with tv.stream("/cam.mjpg", headers={"X-Televise-Viewer": WHO}) as stream:
            await stream.reader.readexactly(2000)
            account = await ask(tv)
            assert account is not None
            assert account["delivered"] > 0
            assert account | {"delivered": 0} == {
                "channel": "cam", "delivered": 0, "waiting": 0, "dropped": {},
            }  # fmt: skip
            assert await ask(tv, f"{WHO}-another") is None
        await until(lambda: tv.watching == 0)
        async with tv.get(f"/api/viewers/{WHO}") as answer:
            assert answer.status == 404
            assert "nobody" in (await answer.json())["error"]


@pytest.mark.parametrize(
    "who", ["short", "x" * 65, "a name with blanks in it", "../" * 8, "é" * 20]
)
async def test_what_is_no_identifier(who: str) -> None:
    async with serving() as tv, tv.get("/cam.mp4", headers={"X-Televise-Viewer": who}) as answer:
        assert answer.status == 400
        assert "16 to 64 letters" in await answer.text()


async def test_on_a_private_hub_it_needs_a_key_too(tmp_path: Path) -> None:
    path = tmp_path / "key"
    async with serving(private=True, key_file=path) as tv:
        key = Keys(path).sign(Grant("cam", "view"), 60)
        headers = {"Authorization": f"Bearer {key}", "X-Televise-Viewer": WHO}
        async with tv.stream("/cam.mjpg", headers=headers) as stream:
            await stream.reader.readexactly(2000)
            assert await ask(tv) is None
            async with tv.get(f"/api/viewers/{WHO}", headers=headers) as answer:
                assert (await answer.json())["channel"] == "cam"
            other = Keys(path).sign(Grant("other", "view"), 60)
            async with tv.get(f"/api/viewers/{WHO}?token={other}") as answer:
                assert answer.status == 403


async def test_at_whatever_process_it_is_asked() -> None:
    async with serving(f"cam={SMALL}", workers=2) as tv:
        crew = tv.server._crew
        assert crew is not None
        pids = [member.worker or 0 for member in crew.members]
        await tv.is_live()
        headers = {"X-Televise-Viewer": WHO}
        async with at(pids[0], pids, tv.port, "/cam.mjpg", headers) as stream:
            await stream.reader.readexactly(2000)
            for pid in pids:
                asked = at(pid, pids, tv.port, f"/api/viewers/{WHO}", {"Connection": "close"})
                async with asked as answer:
                    assert answer.status == 200
                    assert b'"delivered": ' in await answer.rest()
        url = parse_hub_url(f"http://{tv.authority}/cam", EXAMPLES)
        accounts = await watch(await outputs_of(url, ""), 24, {"slow": 0.5}, seconds=2.0)
    told = [each for each in accounts if each.said is not None]
    assert len(told) == len(accounts)
    assert [each for each in told if not each.exact] == []


async def test_who_is_nowhere_is_asked_for_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """But not what nobody can be called."""
    asked: list[str] = []
    account = Member.account

    async def counting(self: Member, viewer: str) -> dict[str, Any] | None:
        asked.append(viewer)
        return await account(self, viewer)

    monkeypatch.setattr(Member, "account", counting)
    async with serving(f"cam={SMALL}", workers=2) as tv, asyncio.timeout(30):
        assert await ask(tv) is None
        assert await ask(tv, "x" * 65) is None
    assert asked == [WHO, WHO]
