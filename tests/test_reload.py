"""A server becomes what its file says, under those who watch what has not changed."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from televise.config.plan import Wanted
from televise.hub.policy import Policy
from televise.web.trust.keys import Grant, Keys
from tests.hub.hubs import has, hub
from tests.support.process import Running, televise
from tests.support.server import SMALL, Serving, serving
from tests.support.told import told
from tests.support.waiting import until
from tests.support.wire import Stream

FIRST = f"""
dialects = ["plain@0"]
[channels]
kept = "{SMALL}"
cam = "{SMALL}"
gone = "{SMALL}"
"""
SECOND = """
dialects = []
[channels]
cam = "pattern:?size=320x240&fps=15"
new = "pattern:?size=160x120&fps=10"
kept = "pattern:?size=160x120&fps=15"
"""
WRONG = """
[channels]
kept = "pattern:?size=160x120&fps=15"

cam = "no-such-film.mp4"
"""


async def channels(tv: Running) -> dict[str, Any]:
    url = f"http://127.0.0.1:{tv.port}/api/channels"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return {each["name"]: each["source"] for each in (await answer.json())["channels"]}


def logged(tv: Running, text: str) -> list[str]:
    return [line for line in tv.lines() if text in line]


async def test_a_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "televise.toml"
    file.write_text(FIRST)
    start = televise("--config", str(file), log=tmp_path / "log")
    tv = await asyncio.to_thread(start.__enter__)
    try:
        async with (
            told(tv.port, "/kept.mp4") as kept,
            told(tv.port, "/cam.mp4") as cam,
            told(tv.port, "/gone.mp4") as gone,
        ):
            for viewer in (kept, cam, gone):
                await viewer.gets(10)
            await _changes(tv, file)
            await until(lambda: gone.closed)
            await until(lambda: len(cam.epochs) == 2)
            await cam.gets(10)
            await _is_wrong(tv, file)
            await _is_asked(tv, file)
            await kept.gets(10)
            kept.check_unbroken()
            assert (kept.closed, cam.closed) == (0, 0)
            assert len(cam.epochs) == 2, "what has not changed again goes on"
    finally:
        await asyncio.to_thread(start.__exit__, None, None, None)


async def _changes(tv: Running, file: Path) -> None:
    """Another file takes its place, as editors do it."""
    other = file.with_suffix(".swp")
    other.write_text(SECOND)
    other.replace(file)
    await until(lambda: logged(tv, "file read"))
    assert await channels(tv) == {
        "kept": SMALL,
        "cam": "pattern:?size=320x240&fps=15",
        "new": "pattern:?size=160x120&fps=10",
    }
    assert len(logged(tv, "only at the next start: dialects")) == 1


async def _is_wrong(tv: Running, file: Path) -> None:
    before = await channels(tv)
    await asyncio.to_thread(file.write_text, WRONG)
    [line] = await until(lambda: logged(tv, "all stays as it was"))
    assert "televise.toml:5: channels.cam: " in line
    assert await channels(tv) == before


async def _is_asked(tv: Running, file: Path) -> None:
    """By a signal, whether the file is another or not."""
    await asyncio.to_thread(file.write_text, SECOND)
    await until(lambda: len(logged(tv, "file read")) == 2)
    tv.process.send_signal(signal.SIGHUP)
    await until(lambda: len(logged(tv, "file read")) == 3)
    assert tv.process.poll() is None


async def change(tv: Serving, *sources: str, text: str = "", folder: Path) -> list[str]:
    """What a file would do that says this."""
    file = folder / "televise.toml"
    table = "".join(f'{name} = "{source}"\n' for name, _, source in map(_cut, sources))
    file.write_text(f"port = 0\n{text}\n[channels]\n{table}")
    plan = Wanted({}, file).plan()
    return await tv.server.change(plan.specs, plan.settings)


def _cut(source: str) -> tuple[str, str, str]:
    return source.partition("=")


CAM = f"cam={SMALL}"


async def test_limits_origins_and_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = Keys(tmp_path / "key"), Keys(tmp_path / "other" / "key")
    asking = {"Origin": "https://a.example"}
    async with serving(CAM, key_file=tmp_path / "key", rtmp_port=-1) as tv:
        async with tv.stream("/cam.mjpg"):
            text = 'max_viewers = 1\norigins = ["https://a.example"]\nnew_channels = true\n'
            text += 'key_file = "other/key"\nrtmp = "off"'
            assert await change(tv, CAM, text=text, folder=tmp_path) == []
            async with Stream.open(tv.port, "/cam.mjpg") as refused:
                assert refused.status == 503
            assert tv.watching == 1, "who was there may stay"
        async with tv.get("/api/channels", headers=asking) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
        for keys, status in ((here, 401), (there, 200)):
            bearer = {"Authorization": f"Bearer {keys.sign(Grant('*', 'publish'), 60)}"}
            async with tv.get("/fresh/publish", headers=bearer) as answer:
                assert answer.status == 200, "publishers may make channels now"
            async with tv.get("/fresh.jpg", method="POST", headers=bearer, data=b"x") as answer:
                assert (answer.status == 401) is (status == 401)
        assert await change(tv, CAM, folder=tmp_path) == ["rtmp"]
        async with tv.get("/api/channels", headers=asking) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_upstreams_come_and_go(tmp_path: Path) -> None:
    async with (
        hub("far=pattern:?size=160x120&fps=15") as one,
        serving(CAM) as tv,
        told(tv.port, "/cam.mp4") as kept,
    ):
        await kept.gets(5)
        text = f'upstreams = ["ws://{one.authority}"]'
        assert await change(tv, CAM, text=text, folder=tmp_path) == []
        await has(tv, "far")
        async with told(tv.port, "/far.mp4") as far:
            await far.gets(5)
            [followed] = tv.server._upstreams.all
            text += "\nmax_viewers = 9"
            await change(tv, CAM, text=text, folder=tmp_path)
            assert tv.server._upstreams.all == [followed], "one that stays goes on"
            await far.gets(5)
            far.check_unbroken()
            await change(tv, CAM, folder=tmp_path)
            await until(lambda: tv.channel("far").path is None)
            assert tv.channel("far").state == "offline"
            assert far.closed == 0, "it may come back"
        # A channel of its own takes the place of another hub's.
        own = "far=pattern:?size=160x120&fps=10"
        await change(tv, CAM, own, folder=tmp_path)
        assert tv.channel("far").spec.kind == "pattern"
        await kept.gets(5)
        kept.check_unbroken()


async def test_what_a_channel_is(tmp_path: Path) -> None:
    """Sub-directories, publishers, and how long it is kept."""
    (tmp_path / "frames" / "roof").mkdir(parents=True)
    film = tmp_path / "words.mp4"
    film.write_text("no film")
    async with serving("cam=publish:", rtmp_port=-1) as tv:
        cam, off = tv.channel(), 'rtmp = "off"'
        publisher = cam.publish("mpegts", "here")
        await change(tv, "cam=publish:", "all=dir:frames/*", text=off, folder=tmp_path)
        await until(lambda: tv.server.hub.has("all-roof"))
        assert not publisher.closed.done()
        roof = tv.channel("all-roof")
        text = f'{off}\nreplay = "60s"'
        await change(tv, "cam=publish:", "all=dir:frames/*", text=text, folder=tmp_path)
        assert tv.channel("all-roof") is roof
        assert roof.policy == Policy(60, keep_open=True)
        publisher = cam.publish("mpegts", "here")
        await change(tv, f"cam={film}", text=f'{off}\nreplay = "90s"', folder=tmp_path)
        assert publisher.closed.result().startswith("the channel has another source now")
        assert not tv.server.hub.has("all-roof")
        assert (tv.channel(), cam.policy) == (cam, Policy(90, keep_open=True))
        await until(lambda: cam.state == "offline")
        assert "not a media file" in cam.text
        assert not tv.server.opening._failed.done(), "a mistake in a file ends no server"
        await change(tv, CAM, text=off, folder=tmp_path)
        await tv.is_live()


async def test_what_others_have_made_is_left_alone(tmp_path: Path) -> None:
    async with serving(CAM) as tv:
        made = tv.server.hub.add(Wanted({}).plan().specs[0])
        await tv.server.hub.remove("cam")
        await change(tv, CAM, folder=tmp_path)
        assert tv.server.hub.channels[0] is made
        assert tv.server.hub.has("cam"), "what the file says is there after it was read"


@pytest.mark.parametrize("option", [["--node", "a"], ["--local"]], ids=["node", "local"])
def test_what_is_about_a_file_needs_one(option: list[str]) -> None:
    from televise.cli import build_parser
    from televise.errors import InputError

    options = build_parser().parse_args(["serve", *option])
    with pytest.raises(InputError, match=f"{option[0]} is about a file: add --config FILE"):
        options.run(options)
