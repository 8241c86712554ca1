"""Who decodes what, and when: never for those who take the packets as they are."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from televise.link.messages import Announce, Epoch, Media, Message, State, Subscribe
from televise.media.container import open_container
from televise.media.demuxer import Demuxer
from televise.media.intake import Intake
from televise.media.source import AnyPacket, Decoder
from televise.model.rendition import Rendition
from tests.conftest import Needs
from tests.media.films import COUNT, make, ramp, tone
from tests.support.waiting import wait_until

H264 = Rendition("h264", "aac")
JPEG = Rendition("mjpeg")
PATIENCE = 10.0


class CountingDecoder:
    """A real decoder that counts what it is given, and takes none while its ``gate`` is closed."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.packets = 0
        self.gate = threading.Event()
        self.gate.set()

    def decode(self, packet: AnyPacket) -> list[Any]:
        assert self.gate.wait(PATIENCE), "those wait for it who are to open it"
        self.packets += 1
        return list(self._decoder.decode(packet))

    def flush_buffers(self) -> None:
        self._decoder.flush_buffers()


class Rig:
    """An intake that is fed the packets of a film, one at a time, without waiting."""

    def __init__(self, film: Path) -> None:
        self.messages: list[Message] = []
        self.intake = Intake(self.messages.append, time.monotonic())
        self._container = open_container(f"file:{film}", "file", shown="film")
        demuxer = Demuxer(self._container)
        self.decoders = {
            each.kind: CountingDecoder(cast("Decoder", each.decoder)) for each in demuxer.inputs
        }
        self.inputs = [
            replace(each, decoder=cast("Decoder", self.decoders[each.kind]))
            for each in demuxer.inputs
        ]
        self._packets = demuxer.packets()

    def feed(self, count: int) -> int:
        """Feed so many packets; returns how many pictures were among them."""
        pictures = 0
        for _ in range(count):
            index, packet = next(self._packets)
            self.intake.packet(index, packet)
            pictures += self.inputs[index].kind == "video"
        return pictures

    def subscribe(self, number: int, rendition: Rendition) -> None:
        self.intake.subscribe(Subscribe(number, rendition, 1))

    def counts(self) -> Counter[int]:
        return Counter(m.id for m in self.messages if isinstance(m, Media) and not m.packet.track)

    def close(self) -> None:
        self.intake.stop()
        for number in range(1, 9):
            self.intake.unsubscribe(number)
        self._container.close()


@pytest.fixture
def start(tmp_path: Path, needs: Needs) -> Iterator[Callable[..., Rig]]:
    needs("ffmpeg")
    rigs = []

    def begin(*arguments: str, length: int = 1) -> Rig:
        codecs = arguments or ("-c:v", "libx264", "-g", "5", "-bf", "0", "-c:a", "aac")
        film = make(tmp_path / "film.ts", *ramp(count=length * COUNT), *tone(), *codecs)
        rigs.append(Rig(film))
        return rigs[-1]

    yield begin
    for rig in rigs:
        rig.close()


def test_passing_through_decodes_nothing(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.intake.opened(rig.inputs)
    rig.subscribe(1, H264)
    pictures = rig.feed(30)
    wait_until(lambda: rig.counts()[1] == pictures)
    assert [decoder.packets for decoder in rig.decoders.values()] == [0, 0]


def test_all_of_a_film_is_shown_before_its_end_is_told(
    start: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes as fast as the line allows, and is held back until it is due."""
    monkeypatch.setattr(Intake, "wait", lambda *_: False)
    rig = start("-c:v", "libx264", "-g", "5", "-bf", "0", length=6)
    rig.intake.opened(rig.inputs)
    rig.subscribe(1, H264)
    pictures = rig.feed(6 * COUNT)
    assert rig.counts()[1] < pictures
    rig.intake.set_state(State("offline", "the stream has ended"))
    assert rig.counts()[1] == pictures
    assert isinstance(rig.messages[-1], State)


def test_one_decoder_serves_all_encoders(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.intake.opened(rig.inputs)
    for number, rendition in enumerate([H264, JPEG, Rendition("mjpeg", w=80)], start=1):
        rig.subscribe(number, rendition)
    pictures = rig.feed(30)
    assert rig.decoders["video"].packets == pictures > 5
    assert rig.decoders["audio"].packets == 0
    wait_until(lambda: min(rig.counts()[number] for number in (1, 2, 3)) > 0)


def test_the_decoder_stops_with_its_last_viewer_and_catches_up(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.intake.opened(rig.inputs)
    rig.subscribe(1, JPEG)
    rig.feed(10)
    rig.intake.unsubscribe(1)
    before = rig.decoders["video"].packets
    rig.feed(10)
    assert rig.decoders["video"].packets == before
    rig.subscribe(2, JPEG)
    wait_until(lambda: rig.counts()[2] == 1)
    # From the newest keyframe on, and those lie five pictures apart.
    assert 1 <= rig.decoders["video"].packets - before <= 5


def test_what_else_the_hub_says_does_not_wait_for_a_decoder_that_catches_up(
    start: Callable[..., Rig],
) -> None:
    """Else a publisher, and with it all viewers, would stand still whenever somebody comes."""
    rig = start("-c:v", "libx264", "-g", "15", "-bf", "0", "-c:a", "aac")
    rig.intake.opened(rig.inputs)
    rig.feed(20)
    rig.decoders["video"].gate.clear()
    rig.subscribe(1, JPEG)
    assert not rig.counts()[1]
    rig.decoders["video"].gate.set()
    wait_until(lambda: rig.counts()[1] == 1)
    rig.feed(4)
    wait_until(lambda: rig.counts()[1] > 1)


def test_who_comes_while_a_decoder_catches_up_for_another_who_goes(
    start: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins again: its last picture is as new as it can be."""
    rig = start("-c:v", "libx264", "-g", "15", "-bf", "0")
    rig.intake.opened(rig.inputs)
    pictures = rig.feed(12)
    video, threads = rig.decoders["video"], set()

    def change(_: float) -> None:
        threads.add(threading.get_ident())
        if video.packets == 3:
            rig.intake.unsubscribe(1)
            rig.subscribe(2, JPEG)

    monkeypatch.setattr("televise.media.decodings.time", SimpleNamespace(sleep=change))
    rig.subscribe(1, JPEG)
    wait_until(lambda: rig.counts()[2] == 1)
    assert video.packets == 3 + pictures
    assert len(threads) == 1


def test_a_decoder_that_failed_to_catch_up_is_begun_anew_with_the_next_packet(
    start: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = start("-c:v", "libx264", "-g", "15", "-bf", "0")
    rig.intake.opened(rig.inputs)
    rig.feed(8)
    failed = threading.Event()

    def fail(_: float) -> None:
        failed.set()
        raise MemoryError

    monkeypatch.setattr("televise.media.decodings.time", SimpleNamespace(sleep=fail))
    rig.subscribe(1, JPEG)
    assert failed.wait(PATIENCE)
    wait_until(lambda: not any(each.name == "catching up" for each in threading.enumerate()))
    rig.feed(2)
    wait_until(lambda: rig.counts()[1] > 0)


def test_sound_is_decoded_once_and_only_for_those_who_want_it(start: Callable[..., Rig]) -> None:
    rig = start("-c:v", "libx264", "-bf", "0", "-c:a", "mp2")
    rig.intake.opened(rig.inputs)
    rig.subscribe(1, JPEG)
    rig.feed(20)
    assert rig.decoders["audio"].packets == 0
    rig.subscribe(2, H264)
    rig.subscribe(3, Rendition("h264", "aac", w=80))
    sounds = 20 - rig.feed(20)
    assert rig.decoders["audio"].packets == sounds > 0


def test_opened_again_every_encoding_begins_anew(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.intake.opened(rig.inputs)
    rig.subscribe(1, H264)
    rig.feed(12)
    rig.intake.opened(rig.inputs)
    rig.feed(30)
    epochs = [m.packet.epoch for m in rig.messages if isinstance(m, Media)]
    assert epochs == sorted(epochs)
    assert set(epochs) == {1, 2}
    seconds = [m.packet.seconds for m in rig.messages if isinstance(m, Media)
               and m.packet.track == 0]  # fmt: skip
    assert seconds == sorted(seconds)


def test_what_is_said_of_the_source_is_never_overtaken_by_a_sign_of_life() -> None:
    """A heartbeat that repeats "live" after the source has gone would stay for ever."""
    said: list[Message] = []
    intake = Intake(said.append, time.monotonic())
    rounds = 2000

    def beat() -> None:
        for _ in range(rounds):
            intake.status.repeat()

    thread = threading.Thread(target=beat)
    thread.start()
    for number in range(rounds):
        intake.set_state(State("offline", str(number)))
    thread.join()
    numbers = [int(state.text) for state in said if isinstance(state, State) and state.text]
    assert numbers == sorted(numbers)
    assert numbers[-1] == rounds - 1


def test_only_a_live_source_stalls() -> None:
    said: list[Message] = []
    intake = Intake(said.append, time.monotonic())
    intake.status.repeat("no picture for 3 s")
    intake.set_state(State("live"))
    intake.status.repeat()
    intake.status.repeat("no picture for 3 s")
    intake.status.repeat("no picture for 4 s")
    assert [cast("State", state).state for state in said] == [
        *("connecting", "live", "live", "stalled", "stalled")
    ]
    assert cast("State", said[-1]).text == "no picture for 3 s"


def test_an_announcement_for_each_time_that_it_is_opened(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.intake.opened(rig.inputs)
    rig.intake.opened(rig.inputs[:1])
    announced = [m for m in rig.messages if isinstance(m, Announce)]
    assert [[track.kind for track in each.tracks] for each in announced] == [
        ["video", "audio"],
        ["video"],
    ]


def test_who_joins_a_silent_source_misses_nothing_when_it_is_back(
    start: Callable[..., Rig],
) -> None:
    """It sees a slate at once, and then what there is since a keyframe of before the silence."""
    rig = start("-c:v", "libx264", "-g", "15", "-bf", "0", "-c:a", "aac")
    rig.intake.opened(rig.inputs)
    rig.feed(8)
    rig.intake.status.set(State("stalled", "it is silent"))
    rig.intake.status.last_arrival -= 10
    rig.subscribe(1, H264)

    def delivered() -> list[str]:
        epochs = [each for each in rig.messages if isinstance(each, Epoch) and each.id == 1]
        return [each.tracks[0].delivery for each in epochs]

    wait_until(lambda: rig.counts()[1] == 1)
    assert delivered() == ["transcode"], "the slate"
    rig.feed(2)
    assert delivered() == ["transcode", "passthrough"]
    assert rig.counts()[1] > 2
