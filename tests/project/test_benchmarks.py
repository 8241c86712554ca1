"""`make bench` runs what its page says, and what the benchmarks reckon is right."""

import re

import pytest

from bench.restart import most_in_a_second
from bench.run import BENCHMARKS
from bench.stalled import Backlog, Told, eaten
from tests.conftest import ROOT

PAGE = (ROOT / "bench" / "README.md").read_text()


def test_all_run_but_those_that_say_otherwise() -> None:
    rows = re.findall(r"^\| `bench\.(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert {name for name, text in rows if not text.startswith("by hand")} == set(BENCHMARKS)


@pytest.mark.parametrize(
    ("times", "most"),
    [([5.0], 1), ([0.0, 1.0, 2.0], 1), ([1.4, 0.0, 0.5, 1.0, 0.9], 4), ([3.0] * 7 + [4.0], 7)],
)
def test_the_densest_second(times: list[float], most: int) -> None:
    assert most_in_a_second(times) == most


def test_what_a_viewer_eats_that_goes_on() -> None:
    """At 10 s, of ten pictures a second: three old ones, of which its own kernel had one and a
    half, and then all since 9.5 s."""
    old = [picture(5.0, 100), picture(5.1, 200), picture(5.2, 300)]
    since = [picture(9.5 + number / 10, 400 + number) for number in range(7)]
    told = iter([*old, Told(0.0, 301, skipped=True), *since])
    expected = Backlog(own_kernel=0.1, hubs_kernel=0.2, since_keyframe=0.5)
    assert eaten(told, 10_000.0, 150, 10) == expected
    assert next(told) == since[6], "it reads no further than to the live edge"


def picture(captured: float, end: int) -> Told:
    return Told(captured * 1000, end)
