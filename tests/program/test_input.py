"""What viewers click and type, in pixels of the picture that they saw."""

import threading
from typing import Any

import pytest

from televise.program.input import MAX_KNOWN, MAX_WAITING, Callbacks, Click, History, Key

BEGIN = 1_763_722_222_123_457_000


@pytest.fixture
def history() -> History:
    made = History()
    for number in range(10):
        made.add(BEGIN + number * 33_333_000, number, (640, 480))
    return made


def click(**changes: Any) -> dict[str, Any]:
    return {"type": "pointer", "x": 0.5, "y": 0.25, "button": 2, "captured": None} | changes


@pytest.mark.parametrize("number", range(10))
def test_the_picture_is_found_by_its_time(history: History, number: int) -> None:
    told = float(f"{(BEGIN + number * 33_333_000) / 1e6:.3f}")  # as `televise.v1` writes it
    assert history.understand(click(captured=told)) == Click(320, 120, 2, number)
    assert history.understand({"type": "key", "key": "a", "captured": told}) == Key("a", number)


def test_between_two_pictures_the_older_was_on_screen(history: History) -> None:
    event = history.understand(click(captured=BEGIN / 1e6 + 50))
    assert event == Click(320, 120, 2, 1)


@pytest.mark.parametrize("captured", [None, "x", float("nan"), 0, BEGIN / 1e6 - 1])
def test_a_picture_that_is_not_known_any_more(history: History, captured: Any) -> None:
    assert history.understand(click(captured=captured)) == Click(320, 120, 2, None)


def test_corners_are_pixels_of_the_picture(history: History) -> None:
    for x, y, pixels in ((0, 0, (0, 0)), (1, 1, (639, 479)), (0.9999, 0.5, (639, 240))):
        event = history.understand(click(x=x, y=y))
        assert isinstance(event, Click)
        assert (event.x, event.y) == pixels


WRONG: list[dict[str, Any]] = [
    {},
    {"type": "other"},
    {"type": "key"},
    {"type": "key", "key": 5},
    {"type": "key", "key": ""},
    {"type": "key", "key": "x" * 100},
    click(x=1.01),
    click(y=-0.1),
    click(x=float("nan")),
    click(x="0"),
    click(button=None),
    click(button=1.5),
]


@pytest.mark.parametrize("message", WRONG)
def test_nonsense_of_strangers_is_nothing(history: History, message: dict[str, Any]) -> None:
    assert history.understand(message) is None


def test_a_click_before_the_first_picture_is_nothing() -> None:
    assert History().understand(click()) is None


def test_only_so_many_pictures_are_known(history: History) -> None:
    for number in range(10, 2 * MAX_KNOWN):
        history.add(BEGIN + number * 33_333_000, number, (640, 480))
    assert len(history._known) == MAX_KNOWN


def test_functions_are_called_one_by_one_and_may_fail(capsys: pytest.CaptureFixture[str]) -> None:
    callbacks, called, done = Callbacks(), [], threading.Event()

    def fail(event: Key) -> None:
        called.append(event.key)
        raise ZeroDivisionError(event.key)

    def note(event: Key) -> None:
        called.append(event.key)
        done.set()

    callbacks.put(fail, Key("a", 0))
    callbacks.put(fail, Key("b", 0))
    callbacks.put(note, Key("c", 0))
    assert done.wait(20)
    assert called == ["a", "b", "c"]
    assert capsys.readouterr().err.count("Traceback") == 2
    callbacks.stop()


def test_too_much_input_is_dropped() -> None:
    callbacks, going, hold = Callbacks(), threading.Event(), threading.Event()
    called: list[int] = []

    def wait(event: Click) -> None:
        called.append(event.x)
        going.set()
        hold.wait(20)

    for number in range(2 * MAX_WAITING):
        callbacks.put(wait, Click(number, 0, 0, None))
    assert going.wait(20)
    hold.set()
    last = threading.Event()
    assert callbacks._thread is not None
    while not last.is_set():
        callbacks.put(lambda event: last.set(), Click(0, 0, 0, None))
        last.wait(0.05)
    assert MAX_WAITING <= len(called) <= MAX_WAITING + 1
    callbacks.stop()
    callbacks._thread.join(20)
    assert not callbacks._thread.is_alive()


@pytest.mark.parametrize("captured", [10**400, -(10**400), 1e300, float("nan"), "now", None])
def test_a_viewer_cannot_say_a_time_that_breaks_anything(captured: Any) -> None:
    history = History()
    history.add(1_000_000, 7, (640, 480))
    message = {"type": "key", "key": "a", "captured": captured}
    assert history.understand(message) in (Key("a", 7), Key("a", None))
