"""A Python program as a viewer."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import televise
from televise.errors import (
    Forbidden,
    InputError,
    PeerError,
    Unauthorized,
    Unavailable,
    UnknownChannel,
)
from televise.formats import jpeg
from televise.model.packet import Packet
from televise.web.trust.keys import Grant, Keys
from tests.conftest import Needs
from tests.support.server import serving
from tests.support.waiting import until

PATTERN = "cam=pattern:?size=160x120&fps=15"


def watch(url: str, *arguments: Any) -> AsyncGenerator[Packet, None]:
    return cast("AsyncGenerator[Packet, None]", televise.watch(url, *arguments))


async def take(packets: AsyncGenerator[Packet, None], count: int) -> list[Packet]:
    taken = []
    async with asyncio.timeout(60):
        async for packet in packets:
            taken.append(packet)
            if len(taken) == count:
                break
    return taken


@pytest.mark.parametrize("scheme", ["ws", "http"])
async def test_pictures_come_one_by_one(scheme: str) -> None:
    async with serving(PATTERN) as running:
        packets = watch(f"{scheme}://{running.authority}/cam?w=80")
        taken = await take(packets, 5)
        await packets.aclose()
        await until(lambda: running.watching == 0)
    assert all(jpeg.size(packet.data) == (80, 60) for packet in taken)
    assert all(packet.keyframe and packet.track == 0 for packet in taken)
    for times in ([packet.pts for packet in taken], [packet.captured for packet in taken]):
        assert times == sorted(set(times))
    assert abs(taken[-1].pts / 90_000 - taken[-1].seconds) < 0.001


async def test_fragments_in_a_row_are_a_film(tmp_path: Path, needs: Needs) -> None:
    ffprobe = needs("ffprobe")
    async with serving(f"{PATTERN}&tone=440") as running:
        packets = watch(f"ws://{running.authority}/cam", "mp4")
        taken = await take(packets, 40)
        await packets.aclose()
    film = tmp_path / "film.mp4"
    film.write_bytes(b"".join(packet.data for packet in taken))
    command = [ffprobe, "-v", "error", "-count_packets", "-of", "csv=p=0"]
    entries = ["-show_entries", "stream=codec_type,nb_read_packets", str(film)]
    told = await asyncio.to_thread(subprocess.check_output, [*command, *entries], text=True)
    counts = dict(line.split(",") for line in told.split())
    assert int(counts["video"]) + int(counts["audio"]) == 40
    assert {packet.track for packet in taken} == {0, 1}


async def test_it_comes_back_with_the_hub() -> None:
    async with serving(PATTERN) as running:
        packets = watch(f"ws://{running.authority}/cam")
        before = await take(packets, 1)
        for connection in running.connections:
            assert connection.transport is not None
            connection.transport.abort()
        after = await take(packets, 1)
        assert after[0].captured > before[0].captured
        await packets.aclose()


@pytest.mark.parametrize(
    "url",
    ["", "cam", "ftp://hub/cam", "ws://hub:8080", "ws://hub/", "ws://:80/cam", "ws://hub:x/cam",
     "ws://hub/cam.mjpg", "ws://[/cam"],
)  # fmt: skip
async def test_a_bad_url_is_said(url: str) -> None:
    with pytest.raises(InputError, match="write it as in ws://hub:8080/cam"):
        await anext(watch(url))


async def test_what_cannot_be_watched_is_said() -> None:
    async with serving(PATTERN) as running:
        with pytest.raises(UnknownChannel, match="/none: no channel 'none'; there is: cam"):
            await anext(watch(f"ws://{running.authority}/none"))
        with pytest.raises(InputError, match="/cam: w=nonsense: even from 16 to 4096"):
            await anext(watch(f"ws://{running.authority}/cam?w=nonsense&token=secret"))
        with pytest.raises(InputError, match="format='gif': one of mjpg, mp4"):
            await anext(watch(f"ws://{running.authority}/cam", "gif"))
        authority = running.authority
    with pytest.raises(Unavailable, match="no hub answers there"):
        await anext(watch(f"ws://{authority}/cam"))


async def test_keys_that_do_not_fit_are_said_but_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "key"
    async with serving(PATTERN, private=True, key_file=path) as running:
        with pytest.raises(Unauthorized, match="/cam: a key is needed"):
            await anext(watch(f"ws://{running.authority}/cam"))
        other = Keys(path).sign(Grant("other", "view"), 60)
        with pytest.raises(Forbidden, match="/cam: this key does not allow to view cam") as refused:
            await anext(watch(f"ws://{running.authority}/cam?token={other}"))
    assert other not in str(refused.value)


CHUNK = {"type": "chunk", "epoch": 1, "sequence": 1, "track": "video", "keyframe": True}


@pytest.mark.parametrize(
    "said",
    [
        "nonsense",
        "[]",
        json.dumps(CHUNK),
        json.dumps(CHUNK | {"pts": float("inf"), "captured": 1.0}),
        json.dumps(CHUNK | {"pts": 1e308, "captured": 1.0}),
        json.dumps(CHUNK | {"pts": 1.0, "captured": "now"}),
    ],
)
async def test_a_hub_that_speaks_another_language(said: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse(protocols=["televise.v1"])
        await websocket.prepare(request)
        await websocket.send_str(said)
        await websocket.send_bytes(b"picture")
        await websocket.receive()
        return websocket

    app = web.Application()
    app.add_routes([web.get("/cam.mjpg", answer)])
    async with TestServer(app, host="127.0.0.1") as server:
        packets = watch(f"ws://127.0.0.1:{server.port}/cam")
        with pytest.raises(PeerError):
            await take(packets, 1)
