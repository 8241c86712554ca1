"""What deploy/ has for Prometheus and Grafana: a real Prometheus loads it, and finds something."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import aiohttp
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.conftest import Needs
from tests.deploy.proxies import DEPLOY, changed, free_ports, running
from tests.support.process import Running, televise
from tests.support.server import SMALL
from tests.support.waiting import wait_until

DASHBOARD = json.loads((DEPLOY / "grafana" / "televise.json").read_text())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
GRID_WIDTH = 24


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that takes a channel from another, and has a viewer of it."""
    folder = tmp_path_factory.mktemp("hub")
    with televise(f"cam={SMALL}", log=folder / "above") as above:
        upstream = f"ws://127.0.0.1:{above.port}"
        with televise("--upstream", upstream, log=folder / "log") as running_hub:
            channels = f"http://127.0.0.1:{running_hub.port}/api/channels"
            wait_until(lambda: b'"cam"' in urlopen(channels, timeout=20).read())
            asyncio.run(_watch_and_report(running_hub.port))
            with _viewer(f"http://127.0.0.1:{running_hub.port}/cam.mjpg"):
                yield running_hub


@contextmanager
def _viewer(url: str) -> Iterator[None]:
    """Somebody who watches all the time."""
    watch = f"from urllib.request import urlopen\nfor line in urlopen({url!r}): pass"
    with subprocess.Popen([sys.executable, "-c", watch], stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.fixture(scope="module")
def prometheus(
    hub: Running, needs: Needs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder, (port,) = tmp_path_factory.mktemp("prometheus"), free_ports(1)
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    changes = {
        "127.0.0.1:8080": f"127.0.0.1:{hub.port}",
        "scrape_interval: 5s": "scrape_interval: 1s",
    }
    (folder / "prometheus.yml").write_text(changed(text, changes))
    rules = (DEPLOY / "prometheus" / "televise.rules.yml").read_text()
    (folder / "televise.rules.yml").write_text(rules)
    subprocess.run(
        [needs("promtool"), "check", "config", str(folder / "prometheus.yml")], check=True
    )
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    address = f"127.0.0.1:{port}"
    command = [needs("prometheus"), *options, f"--web.listen-address={address}"]
    with running(command, port, folder / "prometheus.log"):
        url = f"http://{address}"
        # A rate needs two of them.
        wait_until(lambda: _count(url, 'count_over_time(up{job="televise"}[1m])') > 2)
        yield url


async def _watch_and_report(port: int) -> None:
    """A viewer who says how old its pictures are."""
    async with aiohttp.ClientSession() as session:
        url = f"ws://127.0.0.1:{port}/cam.mjpg"
        async with session.ws_connect(url, protocols=("televise.v1",)) as websocket:
            report = {"type": "report", "rung": "mjpeg", "age_ms": 50, "fps": 15, "stalls": 0}
            await websocket.send_json(report)
            await websocket.send_json({"type": "clock", "client": 1})
            async for message in websocket:
                if message.type == aiohttp.WSMsgType.TEXT and '"clock"' in message.data:
                    break


def asked(url: str, expression: str) -> list[dict[str, Any]]:
    """What it gives now; an error where it does not understand it."""
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': expression})}", timeout=20) as answer:
        found = json.load(answer)
    assert found["status"] == "success"
    return list(found["data"]["result"])


def _count(url: str, expression: str) -> float:
    try:
        return max((float(each["value"][1]) for each in asked(url, expression)), default=0)
    except OSError:
        return 0


def expressions(panel: dict[str, Any]) -> list[str]:
    return [
        target["expr"].replace("$hub", ".*").replace("$channel", ".*")
        for target in panel["targets"]
    ]


def test_metrics_are_as_they_should_be(hub: Running, needs: Needs) -> None:
    with urlopen(f"http://127.0.0.1:{hub.port}/metrics", timeout=20) as answer:
        subprocess.run([needs("promtool"), "check", "metrics"], input=answer.read(), check=True)


def test_every_panel_shows_something(prometheus: str) -> None:
    empty = [
        title
        for title, panel in PANELS.items()
        for expression in expressions(panel)
        if not asked(prometheus, expression)
    ]
    assert empty == []


def test_every_alert_asks_for_what_there_is(prometheus: str) -> None:
    with urlopen(f"{prometheus}/api/v1/rules", timeout=20) as answer:
        groups = json.load(answer)["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == 6
    assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
    for rule in rules:
        assert asked(prometheus, rule["query"]) == []  # all is well
        for series in set(re.findall(r"(?:televise_\w+|\bup\b)(?:\{[^}]*\})?", rule["query"])):
            assert asked(prometheus, series), f"{rule['name']} asks for {series}: there is none"


def test_grafanas_own_model_of_a_dashboard_keeps_all_of_ours() -> None:
    """What it does not know would be lost, and what is no such thing be another."""
    register_default_plugins()
    model = Dashboard.from_json(DASHBOARD)
    kept = json.loads(JSONEncoder().encode(model))
    assert list(lost(DASHBOARD, kept)) == []
    assert list(lost({"a": [{"b": 1}]}, {"a": [{}]})) == [".a.0.b"]


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where something of ``before`` is not in ``after``, or is another there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, value in enumerate(before):
            yield from lost(value, after[number], f"{path}.{number}")
    elif before != after:
        yield path


def test_the_panels_of_the_dashboard_have_their_places() -> None:
    """Ids, kinds, sources of data, and places that do not overlap."""
    assert len({panel["id"] for panel in PANELS.values()}) == len(DASHBOARD["panels"])
    assert {panel["type"] for panel in PANELS.values()} == {"stat", "timeseries"}
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD["panels"])))
    assert used == variables
    taken: set[tuple[int, int]] = set()
    for panel in PANELS.values():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= GRID_WIDTH
        cells = {
            (place["x"] + column, place["y"] + row)
            for column in range(place["w"])
            for row in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
