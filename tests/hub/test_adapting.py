"""A link that carries too little is given something smaller to carry, while viewers go on."""

import pytest

from televise.hub import adaptation
from televise.link.messages import Epoch
from televise.model.rendition import Rendition
from televise.testing import toxic_proxy
from tests.hub.hubs import Taker, gaps, has, hub, taking, to

PICTURES = "cam=pattern:?size=640x480&fps=30"
JPEG = Rendition("mjpeg")


def widths(taker: Taker) -> list[int]:
    return [each.tracks[0].width for each in taker.messages if isinstance(each, Epoch)]


async def until_width(taker: Taker, width: int) -> None:
    while widths(taker)[-1] != width:
        await taker.take(1)


async def test_a_narrow_link_has_smaller_pictures_until_it_is_wider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adaptation, "PATIENCE_SECONDS", 1.0)
    async with (
        toxic_proxy() as proxy,
        hub(PICTURES, origins=[proxy.url]) as ingress,
        hub(upstreams=to(proxy.port)) as edge,
    ):
        proxy.target = ingress.port
        await has(edge)
        async with taking(edge, rendition=JPEG) as taker:
            await taker.take(30)
            assert widths(taker) == [640]
            size = sum(len(packet.data) for packet in taker.packets[-20:]) / 20
            proxy.rate = size * 30 / 2
            await until_width(taker, 320)
            proxy.rate = 0.0
            await until_width(taker, 640)
            await taker.take(10)
            assert widths(taker)[0] == widths(taker)[-1] == 640
    assert len(set(taker.epochs)) >= 2
    gaps(taker.packets)
