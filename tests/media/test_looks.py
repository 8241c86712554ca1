"""Looks back: one at a time, as long as somebody waits."""

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from televise.errors import Unavailable
from televise.link.messages import Ended, Look
from televise.media import looks
from televise.media.looks import Looks
from televise.model.rendition import Rendition

SECONDS = 10.0


class Endless:
    """An intake that shows pictures for as long as they are wanted."""

    def __init__(self) -> None:
        self.at_work: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.next_picture = threading.Event()

    def look(self, look: Look, asked: float, is_wanted: Callable[[], bool]) -> None:
        self.at_work.put(look.id)
        while is_wanted():
            self.next_picture.wait(SECONDS)
        raise Unavailable("it has taken too long")


def begun(intake: Any, *numbers: int) -> tuple[Looks, "queue.SimpleQueue[Any]"]:
    sent: queue.SimpleQueue[Any] = queue.SimpleQueue()
    made = Looks(sent.put)
    for number in numbers:
        made.begin(Look(number, Rendition("gif"), 5.0, 5.0), intake)
    return made, sent


def test_one_that_nobody_waits_for_makes_room_for_the_next() -> None:
    intake = Endless()
    made, sent = begun(intake, 1, 2)
    first = intake.at_work.get(timeout=SECONDS)
    made.end(first)
    intake.next_picture.set()
    assert sent.get(timeout=SECONDS) == Ended(first, "it cannot be shown: it has taken too long")
    assert {first, intake.at_work.get(timeout=SECONDS)} == {1, 2}
    made.end(3 - first)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.0)
    _, sent = begun(Endless(), 1)
    assert sent.get(timeout=SECONDS) == Ended(1, "it cannot be shown: it has taken too long")
