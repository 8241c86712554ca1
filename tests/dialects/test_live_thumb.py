"""live_thumb: multipart, base64 over WebSocket, snapshots and counts, by channel."""

import base64
import json
import re
from pathlib import Path
from typing import Any

from televise.web.trust.keys import Grant, Keys
from tests.dialects.speaking import speaking
from tests.support.server import SMALL
from tests.support.wire import TEXT

SOURCES = ("cam=pattern:?size=160x120&fps=15", "door=pattern:?size=320x240&fps=15")
# A busy machine draws a picture so much later than it is due.
LATE_SECONDS = 0.9


async def test_pictures_as_text() -> None:
    async with speaking("live_thumb", *SOURCES) as it, it.socket("/ws/door") as stream:
        for _ in range(3):
            frame = await stream.frame()
            assert frame.opcode == TEXT
            picture = base64.b64decode(frame.payload, validate=True)
            assert picture.startswith(b"\xff\xd8")
            assert picture.endswith(b"\xff\xd9")


async def test_pictures_as_parts() -> None:
    async with speaking("live_thumb", *SOURCES) as it, it.stream("/sub/cam") as stream:
        boundary = "multipart/x-mixed-replace;boundary=endofsection"
        assert stream.headers["content-type"] == boundary
        opening = b"--endofsection\r\nContent-Type: image/jpeg\r\nContent-Length: "
        assert await stream.exactly(len(opening)) == opening


async def test_snapshots() -> None:
    async with speaking("live_thumb", *SOURCES) as it:
        for path in ("/snapshot/cam", "/snapshot/cam?timestamp=1700000000.5"):
            head, body = await it.answer(path)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b"\r\nContent-Type: image/jpeg\r\n" in head
            assert body.startswith(b"\xff\xd8")
        for wrong in ("timestamp=yesterday", "utc=-1"):
            assert await it.status(f"/snapshot/cam?{wrong}") == 400
        for missing in ("/snapshot/roof", "/sub/roof", "/ws/roof", "/channels-stats?id=roof"):
            assert await it.status(missing) == 404
        assert await it.status("/pub?id=cam", "POST") == 401


async def test_a_snapshot_is_the_first_since_the_time_that_is_asked_for() -> None:
    async with speaking("live_thumb", *SOURCES) as it, it.socket("/ws/cam") as stream:

        async def taken(query: str) -> float:
            head, _ = await it.answer(f"/snapshot/cam{query}")
            assert head.startswith(b"HTTP/1.1 200 ")
            return float(re.search(rb"X-Timestamp: ([0-9.]+)", head)[1])  # type: ignore[index]

        first = await taken("")
        newest = first
        while newest < first + 3:
            await stream.frame()
            newest = await taken("")
        for query in (
            f"?timestamp={first + 1}",
            f"?utc={first + 1}",
            f"?timestamp=&utc={first + 1}",
        ):
            assert first + 1 - LATE_SECONDS < await taken(query) < first + 1 + LATE_SECONDS
        for query in ("?timestamp=", f"?utc={first - 200}", f"?utc={first + 200}"):
            assert await taken(query) >= newest, "it is not kept"


async def test_counts() -> None:
    async with speaking("live_thumb", *SOURCES) as it, it.socket("/ws/cam") as stream:
        for _ in range(3):
            await stream.frame()
        found = json.loads((await it.answer("/channels-stats?id=cam"))[1])
        assert (found["channel"], found["subscribers"]) == ("cam", 1)
        assert found["published_messages"] >= 3
        everything = json.loads((await it.answer("/channels-stats"))[1])
        assert (everything["channels"], everything["subscribers"]) == (2, 1)


async def test_on_a_private_hub_nobody_is_told_which_channels_there_are(tmp_path: Path) -> None:
    """Without a key for them; and there is no difference between those and others."""
    path = tmp_path / "key"
    token = Keys(path).sign(Grant("hall", "view"), 600)
    settings: dict[str, Any] = {"private": True, "key_file": path}
    async with speaking("live_thumb", f"bedroom={SMALL}", f"hall={SMALL}", **settings) as it:
        answers = [
            await it.answer("/pub?id=nosuch", "POST"),
            await it.answer("/pub?id=bedroom", "POST"),
            await it.answer(f"/sub/nosuch?token={token}"),
            await it.answer(f"/sub/bedroom?token={token}"),
        ]
    assert [int(head.split()[1]) for head, _ in answers] == [401, 401, 403, 403]
    assert not [body for _, body in answers[::2] if b"bedroom" in body]
