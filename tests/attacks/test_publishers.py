"""T8: what comes from publishers by WebSocket and RTMP names other files in vain, too."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from televise.formats import amf
from televise.formats.rtmp_chunk import AUDIO, COMMAND, DATA, VIDEO, ChunkReader, Message
from televise.formats.websocket import NORMAL, UNSUPPORTED
from tests.attacks.canary import Canary, corpus
from tests.formats.rtmp_publisher import HANDSHAKE, ChunkWriter, connect, opening, publish
from tests.ingest.publishers import Hub, publishable
from tests.support.waiting import LIMIT_SECONDS, until
from tests.support.wire import BINARY, CLOSE
from tests.support.wire import connect as connected

# More than FFmpeg reads before it gives up, as one message whose mask is zero.
PROBED = b"\n" * 1_100_000
PADDING = b"\x82\xff" + len(PROBED).to_bytes(8, "big") + bytes(4) + PROBED


async def test_by_websocket_it_is_refused(tmp_path: Path, canary: Canary) -> None:
    """Of `mp4`, FFmpeg itself finds out what it is; of a film it reads on, as its samples might
    come."""
    hostile = corpus(canary)
    async with publishable(tmp_path) as hub:
        await ends(hub, hostile["film"])
        assert canary.is_silent()
        for name in ("playlist", "concat", "sdp", "dash"):
            assert await refusal(hub, hostile[name]) == UNSUPPORTED, name
            assert canary.is_silent(), name


async def ends(hub: Hub, data: bytes) -> None:
    """Send it, and leave once the worker has read it: nothing of it is shown."""
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}") as stream:
        stream.send(BINARY, data)
        await is_read(hub, len(data))
        stream.send(CLOSE, (1000).to_bytes(2, "big"))
        assert (await stream.frame()).code == NORMAL
    await until(lambda: hub.tv.channel().state == "offline")


async def refusal(hub: Hub, data: bytes) -> int:
    """The code that is told to who sends it."""
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}") as stream:
        stream.send(BINARY, data)
        stream.writer.write(PADDING)
        while (frame := await stream.frame()).opcode != CLOSE:
            pass
    await hub.is_free()
    return frame.code


async def is_read(hub: Hub, size: int) -> None:
    """The worker has read at least ``size`` bytes of who publishes."""
    publisher = await until(lambda: hub.tv.channel().publisher)
    assert publisher is not None
    await until(lambda: publisher.received >= size and not publisher._ahead)
    assert hub.tv.channel().state != "offline"


async def test_by_rtmp_nobody_looks_where_it_leads(tmp_path: Path, canary: Canary) -> None:
    """As the description of a codec, as pictures, sound and metadata: the worker reads all."""
    async with publishable(tmp_path, rtmp_port=0) as hub:
        for name, data in corpus(canary).items():
            await play(hub, list(disguised(data, canary)))
            assert canary.is_silent(), name


async def play(hub: Hub, messages: list[Message]) -> None:
    """Publish them, until the worker has read them all and knows that it is the end."""
    _, writer = await connected(hub.tv.server.rtmp_port)
    writer.write(opening(f"cam?token={hub.token()}"))
    chunks = ChunkWriter()
    writer.writelines(chunks.write(message, 4) for message in messages)
    await is_read(hub, sum(len(message.data) for message in messages))
    writer.transport.abort()
    await hub.is_free()
    await until(lambda: hub.tv.channel().state == "offline")


def disguised(data: bytes, canary: Canary) -> Iterator[Message]:
    """All places of a stream in which it can stand."""
    addresses = {
        "url": canary.url,
        "redirect": f"file:{canary.pipe}",
        "text": data.decode("latin1"),
    }
    yield Message(DATA, 1, 0, amf.encode("@setDataFrame", "onMetaData", {**addresses}))
    yield Message(VIDEO, 1, 0, data)
    size = len(data).to_bytes(4, "big")
    for head in (b"\x17\0\0\0\0", b"\x17\1\0\0\0" + size, b"\x90hvc1", b"\x91hvc1\0\0\0" + size):
        yield Message(VIDEO, 1, 0, head + data)
    for head in (b"\xaf\0", b"\xaf\1"):
        yield Message(AUDIO, 1, 0, head + data)


async def test_by_rtmp_no_name_is_an_address(tmp_path: Path, canary: Canary) -> None:
    """Neither of the application, nor of the stream."""
    names = [canary.url, f"file:{canary.pipe}", str(canary.pipe), f"subfile,,:{canary.pipe}"]
    names += [f"concat:{canary.pipe}|{canary.url}", "../cam", "cam/../cam"]
    async with publishable(tmp_path, rtmp_port=0) as hub:
        for name in names:
            wish = f"{name}?token={hub.token('*')}"
            urls = dict.fromkeys(("tcUrl", "swfUrl", "pageUrl"), name)
            messages = (connect(**urls), publish(wish))
            assert await answer(hub.tv.server.rtmp_port, *messages) == "NetStream.Publish.BadName"
            assert canary.is_silent(), name
        assert hub.tv.channel().publisher is None


async def answer(port: int, *messages: Message) -> amf.Value:
    """The last that is said."""
    reader, writer = await connected(port)
    chunks = ChunkWriter()
    writer.write(HANDSHAKE + b"".join(chunks.write(message, 3) for message in messages))
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await reader.readexactly(len(HANDSHAKE))
            heard = ChunkReader().feed(await reader.read(-1))
    finally:
        writer.transport.abort()
    last = amf.decode([message for message in heard if message.type == COMMAND][-1].data)[-1]
    assert isinstance(last, dict)
    return last["code"]
