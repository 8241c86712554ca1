"""The topology: as JSON, and as a page."""

from typing import Any
from xml.etree import ElementTree

import pytest

from televise.hub.relays.told import MAX_HUBS
from televise.web.peers import parse_report
from televise.web.topology_page import topology_page
from tests.hub.hubs import SMALL, ages_at, all_connected, has, hub, taking, to
from tests.support.waiting import until


async def test_a_hub_knows_those_above_and_below() -> None:
    async with (
        hub(SMALL) as ingress,
        hub(upstreams=to(ingress.port), name="mid-1") as middle,
        hub(upstreams=to(middle.port)) as edge,
    ):
        await has(edge)
        await all_connected(edge)
        async with edge.told("/cam.mp4"), taking(ingress) as taker:
            await taker.take(20)
            await until(lambda: ingress.edge.census.counts() == {"cam": 1})
            await until(lambda: ages_at(ingress, edge) and ages_at(ingress, middle))
            above, between, below = [
                await tv.json("/api/topology") for tv in (ingress, middle, edge)
            ]
        nodes = [tv.server.hub.node for tv in (ingress, middle, edge)]
    assert [each["node"] for each in (above, between, below)] == nodes
    [channel] = below["channels"]
    assert channel["path"] == nodes[:2]
    assert (channel["name"], channel["state"], channel["viewers"]) == ("cam", "live", 1)
    assert channel["received"] > 0
    assert channel["missing"] == 0
    assert channel["age_ms"] is not None
    [upstream] = between["upstreams"]
    assert (upstream["url"], upstream["node"]) == (f"ws://{ingress.authority}", nodes[0])
    assert (upstream["state"], upstream["rejected"]) == ("connected", 0)
    assert upstream["bytes"] > 1000
    assert upstream["delay_ms"] is not None
    assert above["channels"][0]["all_viewers"] == 1
    assert above["channels"][0]["viewers"] == 0
    [hub_below] = above["hubs"]
    assert hub_below["node"] == nodes[1]
    assert hub_below["hubs"][0]["node"] == nodes[2]
    taken = {link["node"]: link for link in above["links"]}
    assert nodes[1].startswith("mid-1-")
    link = taken[nodes[1]]
    assert link["offered"] == link["delivered"] > 0
    assert link["rendition"] == {"video": "h264", "audio": "aac"}
    assert link["bytes"] > 1000
    [take] = below["takes"]
    assert (take["node"], take["via"], take["missing"]) == (nodes[1], "WebSocket", 0)
    assert take["rendition"] == take["wanted"] == link["rendition"]
    assert take["packets"] > 0
    assert below["upstreams"][0]["media_bytes"] > 1000
    assert hub_below["hubs"][0]["ages"]["cam"].keys() == {"arrived"}


async def test_the_page_shows_it() -> None:
    async with hub(SMALL) as ingress, hub(upstreams=to(ingress.port)) as edge:
        await has(edge)
        async with edge.told("/cam.mp4") as viewer, edge.get("/topology") as answer:
            await viewer.frame()
            page = await answer.text()
            assert answer.status == 200
            assert answer.content_type == "text/html"
    assert ingress.server.hub.node in page
    assert edge.server.hub.node in page
    assert "this hub" in page
    drawing = page[page.index("<svg") : page.index("</svg>") + 6]
    root = ElementTree.fromstring(drawing)
    assert len(root.findall("g")) == 2
    assert len(root.findall("path")) == 1
    texts = [text.text or "" for text in root.findall("text")]
    assert texts[0] == "cam"
    assert texts[1].endswith(" MB, 0 dropped")
    assert "stroke-dasharray" not in drawing
    for text in ("Who watches what", "Links", "Hops", "Channels", "data-live"):
        assert text in page
    assert page.count("<script") == page.count('<script type="module" src="assets/') == 1
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert "style=" not in page


async def test_a_thousand_hubs_are_drawn() -> None:
    """And no more, whatever strangers tell; hubs below theirs need not say how old pictures are."""
    async with hub(SMALL) as tv:
        for stranger in range(20):
            hubs = [{"node": f"h{stranger}-{n}", "viewers": {}, "hubs": []} for n in range(400)]
            said = {"node": f"x{stranger}", "viewers": {"cam": 1}, "hubs": hubs, "clock": 1}
            tv.edge.census.hear(parse_report(said), "192.0.2.1")
        async with tv.get("/topology") as answer:
            assert answer.status == 200
            page = await answer.text()
        assert tv.edge.census.counts() == {"cam": 20}
    assert 400 < page.count("<rect") <= MAX_HUBS + 1


@pytest.mark.parametrize("upstreams", [0, 3])
def test_any_graph_can_be_drawn(upstreams: int) -> None:
    lost = {"url": "ws://<b>", "node": "", "state": "lost", "reason": "<i>", "bytes": 0}
    lost |= {"clock_offset_ms": 0, "neighbours": []}
    below = {"node": "b", "viewers": {"cam": 2}, "ages": {"cam": {"arrived": 7.5}}, "hubs": []}
    wish = {"video": "<b>", "w": 320}
    link = {"node": "a", "channel": "cam", "via": "<i>", "rendition": wish, "bytes": 1}
    taken = {"upstream": "ws://<b>", "wanted": {}, "packets": 1, "missing": 0}
    given = {"offered": 9, "delivered": 4, "skipped": 2}
    channel: dict[str, Any] = {
        "name": "cam",
        "state": "offline",
        "path": None,
        "viewers": 0,
        "all_viewers": 0,
        "ages": {},
        "missing": 0,
    }
    known = {
        "node": "us",
        "upstreams": [lost | {"delay_ms": None, "url": f"ws://<b>{n}"} for n in range(upstreams)],
        "hubs": [{"node": "a", "viewers": {}, "ages": {}, "hubs": [below]}],
        "takes": [link | taken],
        "publishers": [
            lost | {"channel": "<b>", "format": "flv", "delay_ms": 3.0, "clock_offset_ms": 0.0}
        ],
        "links": [link | given],
        "channels": [channel, channel | {"path": ["x", "y", "a"]}],
    }
    page = topology_page(known)
    assert ">0.0 MB, 0 dropped</text>" in page
    assert ">cam 0.0 MB, 2 dropped</text>" in page
    assert page.count("stroke-dasharray") == upstreams, "nothing crosses them"
    assert "<b>" not in page
    assert "<i>" not in page
    assert "smaller than is wanted" in page
    assert "<td>4<td>2<td>3</tr>" in page
    assert "<td>→ b<td>cam<td>2<td>7.5 ms" in page
    ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
