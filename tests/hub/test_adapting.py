"""A link that carries too little is given something smaller to carry, while viewers go on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from televise.hub.relays import adaptation
from televise.link.messages import Epoch
from televise.model.rendition import Rendition
from televise.testing import ToxicProxy, toxic_proxy
from tests.hub.hubs import Taker, gaps, has, hub, taking, to
from tests.support.nats import nats_server
from tests.support.server import Serving

PICTURES = "cam=pattern:?size=640x480&fps=30"
JPEG = Rendition("mjpeg")


@asynccontextmanager
async def narrow(carrier: str, folder: Path) -> AsyncIterator[tuple[Serving, ToxicProxy]]:
    """A hub that has the channel through the proxy, which is not narrow yet."""
    async with toxic_proxy() as proxy, AsyncExitStack() as stack:
        if carrier == "websocket":
            ingress = await stack.enter_async_context(hub(PICTURES, origins=[proxy.url]))
            proxy.target = ingress.port
            edge = hub(upstreams=to(proxy.port))
        else:
            bus = stack.enter_context(nats_server(folder))
            await stack.enter_async_context(hub(PICTURES, bus=bus.url))
            proxy.target = bus.port
            through = bus.url.replace(f":{bus.port}", f":{proxy.port}")
            edge = hub("own=publish:", bus=through, rtmp_port=-1)
        yield await stack.enter_async_context(edge), proxy


def widths(taker: Taker) -> list[int]:
    return [each.tracks[0].width for each in taker.messages if isinstance(each, Epoch)]


async def until_width(taker: Taker, width: int) -> None:
    while widths(taker)[-1] != width:
        await taker.take(1)


@pytest.mark.parametrize("carrier", ["websocket", "nats"])
async def test_a_narrow_link_has_smaller_pictures_until_it_is_wider(
    carrier: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(adaptation, "PATIENCE_SECONDS", 1.0)
    async with narrow(carrier, tmp_path) as (edge, proxy):
        await has(edge)
        async with taking(edge, rendition=JPEG) as taker:
            await taker.take(30)
            assert widths(taker) == [640]
            size = sum(len(packet.data) for packet in taker.packets[-20:]) / 20
            proxy.rate = size * 30 / 2
            await until_width(taker, 320)
            [take] = (await edge.json("/api/topology"))["takes"]
            assert (take["rendition"]["w"], take["wanted"]) == (320, {"video": "mjpeg"})
            proxy.rate = 0.0
            await until_width(taker, 640)
            await taker.take(10)
            assert widths(taker)[0] == widths(taker)[-1] == 640
    assert len(set(taker.epochs)) >= 2
    gaps(taker.packets)
