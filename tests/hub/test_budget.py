"""The budget: what all encodings of a hub may cost."""

import asyncio

import pytest

from televise.errors import LimitReached
from televise.hub.budget import Budget, cost
from televise.hub.hub import Hub
from televise.model.rendition import Rendition
from televise.model.source import parse_source

LARGEST = Rendition("h264", w=4096, h=2304, fps=120)


@pytest.mark.parametrize(
    ("rendition", "size", "expected"),
    [
        (Rendition("h264", "aac"), (1920, 1080), 0),
        (LARGEST, (640, 360), 4096 * 2304 * 120),
        (Rendition("mjpeg", w=320), (640, 360), 320 * 180 * 30),
        (Rendition("mjpeg", fps=5), (640, 360), 640 * 360 * 5),
        (Rendition("mjpeg", fps=5), (0, 0), 1920 * 1080 * 5),
    ],
)
def test_what_a_rendition_costs(
    rendition: Rendition, size: tuple[int, int], expected: float
) -> None:
    assert cost(rendition, size) == expected


async def test_channels_share_it_and_give_back_what_they_used() -> None:
    hub = Hub([parse_source("a=pattern:"), parse_source("b=pattern:")])
    hub.set_budget(8, 20)
    one, other = hub.channels
    with pytest.raises(LimitReached, match=r"1132 megapixels a second.*may have 20"):
        one.acquire(LARGEST)
    half = [Rendition("h264", w=640, h=480, fps=fps) for fps in (30, 29)]  # 9.2 and 8.9
    used, lingers = one.acquire(half[0]), one.acquire(half[1])
    with pytest.raises(LimitReached, match="megapixels"):
        other.acquire(half[0])
    other.acquire(Rendition("h264")), other.acquire(Rendition("mjpeg"))
    one.release(lingers)
    one.acquire(Rendition("h264", w=640, h=480, fps=28))  # the one that lingered makes room
    assert one.encodings[0] is used
    assert 17 < hub.budget.used < 18.1
    await asyncio.gather(*(hub.remove(name) for name in ("a", "b")))
    assert hub.budget.used == 0


async def test_what_another_hub_encodes_costs_nothing() -> None:
    budget = Budget(2, 20)
    assert budget.lacks(21e6) == 1e6
    budget.set(2, 0)
    assert budget.lacks(21e6) == 0
