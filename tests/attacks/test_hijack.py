"""T14: who wants the place of one who publishes does not get it, and no viewer sees anything."""

import asyncio
from pathlib import Path

from televise.web.trust.keys import Grant, Keys
from tests.conftest import Needs
from tests.ingest.publishers import Hub, film, picture, publishable, publisher
from tests.support.told import told
from tests.support.wire import CLOSE, Stream

RIVALS = 20


async def test_a_hijack_fails_and_no_viewer_sees_it(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    other = film("ts")
    async with publishable(tmp_path) as hub:
        with publisher(hub.url("/cam.ts"), "red") as first:
            await hub.tv.is_live()
            held = hub.tv.channel().publisher
            async with told(hub.tv.port, "/cam.mp4") as viewer:
                await viewer.gets(3)
                assert await attempts(hub, Keys(tmp_path / "key"), other) == REFUSED
                rivals = [hub.send("/cam.ts", other) for _ in range(RIVALS)]
                assert {status for status, _ in await asyncio.gather(*rivals)} == {409}
                await viewer.gets(10)
                viewer.check_unbroken()
            assert hub.tv.channel().publisher is held
            assert first.poll() is None
            assert await hub.colour() == "red"


REFUSED = {
    "no key": 401,
    "a wrong key": 401,
    "a key to watch": 403,
    "a key for another channel": 403,
    "the same key": 409,
    "one who says that it may": 403,
    "a picture": 409,
    "a WebSocket": 1013,
}


async def attempts(hub: Hub, keys: Keys, data: bytes) -> dict[str, int]:
    """What each is told."""
    view = keys.sign(Grant("cam", "view"), 600)
    async with hub.tv.get("/cam.ts", "POST", data=data) as answer:
        nobody = answer.status
    headers = {"Authorization": f"Bearer {hub.token()}"}
    async with Stream.open(hub.tv.port, "/cam.ts", headers, websocket=True) as stream:
        while (frame := await stream.frame()).opcode != CLOSE:
            pass
    return {
        "no key": nobody,
        "a wrong key": (await hub.send("/cam.ts", data, hub.token()[:-5] + "AAAAA"))[0],
        "a key to watch": (await hub.send("/cam.ts", data, view))[0],
        "a key for another channel": (await hub.send("/cam.ts", data, hub.token("cam1")))[0],
        "the same key": (await hub.send("/cam.flv", data))[0],
        "one who says that it may": (await hub.send("/cam.ts?takeover=1", data))[0],
        "a picture": (await hub.send("/cam.png", picture((0, 0, 255), "PNG")))[0],
        "a WebSocket": frame.code,
    }
