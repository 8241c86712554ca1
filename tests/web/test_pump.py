"""The pump: fast viewers lose nothing, slow ones skip whole chunks and resume at a keyframe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.formats.websocket import BINARY, CLOSE, TEXT, close_frame, text_frame
from televise.web import viewer as viewer_module
from televise.web.viewer import STALL_SECONDS, Viewer
from tests.support.server import serving
from tests.support.waiting import until
from tests.support.wire import Frame, Stream
from tests.web.scene import PLENTY, NumberedMuxer, Scene, frames


async def test_a_fast_viewer_gets_everything_from_the_newest_keyframe_on() -> None:
    scene = Scene()
    for number in range(10):
        scene.append(number % 4 == 0)
    client = scene.join(1.0, PLENTY)
    for number in range(10, 30):
        scene.append(number % 4 == 0)
    scene.account()
    assert client.numbers == list(range(8, 30))
    assert (scene.pump.sent, scene.pump.skipped) == (22, 0)


async def test_a_stalled_viewer_costs_one_chunk_and_the_others_nothing() -> None:
    scene = Scene()
    fast, stalled = scene.join(0.0, PLENTY), scene.join(0.0, 1500)
    for _ in range(200):
        scene.append(True)
    assert stalled.transport.get_write_buffer_size() > 0, "it is stalled indeed"
    assert stalled.transport.most < 1100, "no more than one chunk waits for it"
    scene.account()
    assert fast.numbers == list(range(200))
    assert stalled.numbers[-1] == 199, "then it saw the newest"
    assert stalled.skipped > 150
    assert stalled.skipped + len(stalled.numbers) == 200
    assert scene.pump.sent == len(fast.numbers) + len(stalled.numbers)
    assert scene.pump.skipped == stalled.skipped


async def test_what_waits_from_before_comes_first() -> None:
    """The head of the answer may not have gone yet when the viewer begins."""
    scene = Scene()
    scene.append(True)
    client = scene.join(1.0, 3, before=text_frame("101 Switching Protocols"))
    for _ in range(3):
        scene.append(False)
    scene.account()
    assert client.texts == [b"101 Switching Protocols"]
    assert client.numbers == [0, 1, 2, 3]


async def test_a_new_epoch_brings_its_init_to_everybody() -> None:
    scene = Scene()
    scene.append(True)
    clients = [scene.join(2.0, PLENTY), scene.join(2.0, 200)]
    scene.begin()
    for _ in range(5):
        scene.append(False)
    clients.append(scene.join(2.0, PLENTY))
    scene.append(False)
    scene.account()
    assert [client.numbers[-1] for client in clients] == [6, 6, 6]


class OneHeader(NumberedMuxer):
    keeps_init = True


async def test_who_keeps_its_init_is_sent_no_other() -> None:
    """As an FLV, which has one header."""
    scene = Scene(OneHeader)
    scene.append(True)
    clients = [scene.join(2.0, PLENTY), scene.join(2.0, 200)]
    scene.begin()
    for _ in range(3):
        scene.append(False)
    for client in clients:
        client.transport.drain(PLENTY)
        got = [each.payload for each in frames(bytes(client.socket.arrived))]
        assert [each for each in got if each.startswith(b"init")] == [b"init 1"]
        assert got[-1].startswith((3).to_bytes(4, "big"))


async def test_a_broken_socket_is_nobody_elses_trouble() -> None:
    scene = Scene()
    first, broken, last = (scene.join(1.0, PLENTY) for _ in range(3))
    scene.append(True)
    broken.socket.broken = True
    for _ in range(5):
        scene.append(False)
    assert broken.transport.closing
    scene.clients.remove(broken)
    scene.account()
    assert first.numbers == last.numbers == list(range(6))


async def test_who_has_gone_is_not_written_to_again() -> None:
    scene = Scene()
    client = scene.join(10.0, PLENTY)
    for _ in range(20):
        scene.append(keyframe=False)
    client.viewer.stop()
    client.viewer.start()
    client.socket.broken = True
    client.viewer.stop()
    client.viewer.start()
    assert (client.transport.closing, client.transport.vain) == (True, 0)
    assert not client.viewer.live
    client.viewer.lost()


async def test_texts_do_not_overtake_or_cut_the_media() -> None:
    scene = Scene()
    fast, slow = scene.join(4.0, PLENTY), scene.join(4.0, 700)
    for number in range(12):
        scene.append(number == 0)
        scene.pump.tell(text_frame(f"state {number}"))
    assert slow.transport.get_write_buffer_size() > 0
    scene.account()
    assert fast.texts == [f"state {number}".encode() for number in range(12)]
    assert slow.texts[-1] == b"state 11", "the newest, of those that came while it was full"


async def test_an_answer_that_would_come_late_is_not_given() -> None:
    scene = Scene()
    client = scene.join(4.0, 10)
    scene.append(True)
    client.viewer.tell(text_frame("state"))
    client.viewer.answer(text_frame("what time it was"))
    scene.account()
    assert client.texts == [b"state"]


@pytest.mark.parametrize("room", [PLENTY, 50])
async def test_an_end_is_polite_where_there_is_room(room: int) -> None:
    scene = Scene()
    client = scene.join(1.0, room)
    scene.append(True)
    client.viewer.end(1012, "the server is restarting")
    scene.append(True)
    assert client.transport.closing
    assert client.transport.aborted is (room != PLENTY)
    if room == PLENTY:
        *_, last = frames(bytes(client.socket.arrived))
        assert last == Frame(CLOSE, close_frame(1012, "the server is restarting")[2:])


async def test_nobody_waits_for_what_will_not_come() -> None:
    scene = Scene()
    clients = [scene.join(1.0, PLENTY), scene.join(1.0, 50)]
    scene.append(True)
    scene.muxed.refuse("the encoder has failed")
    scene.muxed.refuse("the encoder has failed")
    scene.append(True)
    assert [client.transport.closing for client in clients] == [True, True]
    closings = [each for each in frames(bytes(clients[0].socket.arrived)) if each.opcode == CLOSE]
    assert closings == [Frame(CLOSE, close_frame(1013, "the encoder has failed")[2:])]


def stalled_at(sizes: list[int]) -> bool:
    """Whether a viewer is dropped whose buffer has these sizes, a second after another."""
    scene = Scene()
    client = scene.join(1.0, 0)
    scene.append(True)
    began = client.viewer._progress[1]
    for seconds, size in enumerate(sizes):
        client.transport.buffer[:] = bytes(size)
        client.viewer.drop_if_stalled(began + seconds)
    return client.transport.aborted


async def test_the_watchdog_drops_who_takes_nothing() -> None:
    seconds = int(STALL_SECONDS) + 3
    assert stalled_at([500] * seconds)
    assert stalled_at([500 + number for number in range(seconds)]), "growth is no progress"


async def test_the_watchdog_lets_be_who_takes_a_little() -> None:
    seconds = int(STALL_SECONDS) + 3
    assert not stalled_at([500 - number // 4 for number in range(seconds)])
    scene = Scene()
    client = scene.join(1.0, PLENTY)
    client.viewer.drop_if_stalled(1e12)
    assert not client.transport.aborted, "nothing is waiting for it"


STEPS = st.lists(
    st.one_of(
        st.just("packet"),
        st.just("packet"),
        st.just("keyframe"),
        st.just("epoch"),
        st.just("state"),
        st.tuples(st.just("join"), st.sampled_from([0.0, 0.3, 4.0]), st.integers(0, 3000)),
        st.tuples(st.just("read"), st.integers(0, 5), st.integers(1, 3000)),
        st.tuples(st.just("leave"), st.integers(0, 5), st.just(0)),
    ),
    max_size=80,
)


@given(steps=STEPS)
def test_every_chunk_is_delivered_or_told_as_skipped(
    steps: list[str | tuple[str, float, int]],
) -> None:
    asyncio.run(play(steps))


async def play(steps: list[str | tuple[str, float, int]]) -> None:
    scene = Scene()
    for step in steps:
        if isinstance(step, str):
            if step == "epoch":
                scene.begin()
            elif step == "state":
                scene.pump.tell(text_frame("state"))
            else:
                scene.append(step == "keyframe")
        elif step[0] == "join":
            scene.join(step[1], step[2])
        elif scene.clients:
            client = scene.clients[int(step[1]) % len(scene.clients)]
            if step[0] == "read":
                client.transport.drain(step[2])
            else:
                scene.clients.remove(client)
                client.viewer.lost()
    assert all(client.transport.most < 1200 for client in scene.clients)
    scene.account()


# With real sockets.


@asynccontextmanager
async def slow_and_fast(path: str) -> AsyncIterator[tuple[Stream, Stream, Viewer]]:
    """Two viewers of one stream; the second has stopped to read, and the kernel is full."""
    async with serving("cam=pattern:?size=320x240&fps=25") as running:
        await running.is_live()
        async with running.told(path) as fast, running.told(path, receive_buffer=2048) as slow:
            (pump,) = await until(lambda: [each for each in running.pumps if each.viewers])
            await until(lambda: len(pump.viewers) == 2)
            viewer = pump.viewers[1]
            yield fast, slow, viewer


async def chunks_until(stream: Stream, enough: asyncio.Event) -> list[int]:
    numbers = []
    while not enough.is_set():
        frame = await stream.frame()
        if frame.opcode == TEXT and frame.json["type"] == "chunk":
            numbers.append(frame.json["sequence"])
        assert frame.opcode != TEXT or frame.json["type"] != "skipped"
    return numbers


@pytest.mark.parametrize("path", ["/cam.mjpg", "/cam.mp4"])
async def test_a_viewer_that_stops_reading_skips_and_others_lose_nothing(path: str) -> None:
    async with slow_and_fast(path) as (fast, slow, viewer):
        enough = asyncio.Event()
        reading = asyncio.create_task(chunks_until(fast, enough))
        log = viewer._pump.muxed.log
        await until(lambda: viewer.transport.get_write_buffer_size() > 0)
        # So far behind that it will have to skip, to a keyframe that came meanwhile.
        await until(
            lambda: (
                viewer.cursor.lag > 1.5 and (log.newest_keyframe or 0) > viewer.cursor.position + 1
            )
        )
        biggest = max(len(log[position].data) for position in range(log.first, log.end))
        assert viewer.transport.get_write_buffer_size() <= biggest + 2000
        enough.set()
        numbers = await reading
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

        before, skip, after = await read_over_the_gap(slow)
        assert skip > 0
        assert before["sequence"] + skip + 1 == after["sequence"]
        assert after["keyframe"]
        assert after["sequence"] > numbers[-1] - 120


async def read_over_the_gap(stream: Stream) -> tuple[dict[str, int], int, dict[str, int]]:
    """The last chunk before something was skipped, how much that was, and the next chunk."""
    before: dict[str, int] = {}
    skip = 0
    while True:
        frame = await stream.frame()
        if frame.opcode == BINARY:
            continue
        message = frame.json
        if message["type"] == "skipped":
            skip += message["count"]
        elif message["type"] == "chunk" and skip:
            return before, skip, message
        elif message["type"] == "chunk":
            before = message


async def test_a_viewer_that_reads_nothing_any_more_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(viewer_module, "STALL_SECONDS", 1.0)
    async with slow_and_fast("/cam.mjpg") as (fast, slow, viewer):
        enough = asyncio.Event()
        reading = asyncio.create_task(chunks_until(fast, enough))
        await until(lambda: viewer.transport.get_write_buffer_size() > 0)
        assert not viewer.closed.done()
        await until(viewer.closed.done)
        assert viewer.transport.is_closing()
        enough.set()
        numbers = await reading
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        await slow.rest()
