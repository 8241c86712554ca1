"""The API: what it answers, and that it is what its own description says."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

import televise
from televise.web.openapi import document
from tests.support.server import Serving, serving
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving(
        "cam=pattern:?size=160x120&fps=15&tone=440", "door=http://root:pw@127.0.0.1:9/live?key=pw"
    ) as running:
        await running.is_live()
        await until(lambda: running.channel("door").state == "offline")
        yield running


def check(value: object, schema: dict[str, Any], whole: dict[str, Any], path: str = "$") -> None:
    """That ``value`` is what ``schema`` says, as far as our document uses JSON Schema."""
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        return check(value, whole["components"]["schemas"][name], whole, path)
    unknown = schema.keys() - {"type", "enum", "required", "properties", "items"}
    assert unknown <= {"additionalProperties", "description", "pattern"}, path
    if "enum" in schema:
        assert value in schema["enum"], path
    if "type" in schema:
        assert isinstance(value, TYPES[schema["type"]]), f"{path} is {value!r}"
        assert not isinstance(value, bool), path
    if isinstance(value, dict):
        assert value.keys() >= set(schema.get("required", ())), path
        for key, part in value.items():
            known = schema.get("properties", {}).get(key) or schema.get("additionalProperties", {})
            check(part, known, whole, f"{path}.{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            check(part, schema["items"], whole, f"{path}[{index}]")
    return None


def schema_of(whole: dict[str, Any], path: str) -> dict[str, Any]:
    content = whole["paths"][path]["get"]["responses"]["200"]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


@pytest.mark.parametrize(
    ("described", "asked"),
    [
        ("/api/channels", "/api/channels"),
        ("/api/channels/{name}", "/api/channels/cam"),
        ("/api/channels/{name}", "/api/channels/door"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
    ],
)
async def test_answers_are_what_the_document_says(
    live: Serving, described: str, asked: str
) -> None:
    whole = await live.json("/api/openapi.json")
    async with live.stream_socket("/cam.mp4?w=80") as viewer:
        await viewer.frame()
        await viewer.frame()
        async with live.get(asked) as answer:
            assert answer.status == 200
            assert answer.content_type == "application/json"
            check(await answer.json(), schema_of(whole, described), whole)


async def test_the_check_itself_finds_what_is_wrong(live: Serving) -> None:
    whole = await live.json("/api/openapi.json")
    good = await live.json("/api/channels/cam")
    schema = schema_of(whole, "/api/channels/{name}")
    check(good, schema, whole)
    for wrong in ({"state": "asleep"}, {"viewers": "two"}, {"tracks": [{"kind": "video"}]}):
        with pytest.raises(AssertionError):
            check(good | wrong, schema, whole)
    with pytest.raises(AssertionError):
        check({key: value for key, value in good.items() if key != "since"}, schema, whole)


async def test_every_described_path_is_answered_in_its_type(live: Serving) -> None:
    whole = await live.json("/api/openapi.json")
    assert whole["openapi"].startswith("3.")
    assert whole["info"] == {"title": "televise", "version": televise.__version__}
    watched = {path: methods for path, methods in whole["paths"].items() if "get" in methods}
    assert len(watched) > 10
    who = "who-watches-and-is-asked-for"
    async with live.stream("/cam.m1v", headers={"X-Televise-Viewer": who}):
        for path, methods in watched.items():
            place = path.replace("{name}", "cam").replace("{viewer}", who)
            async with live.get(place) as answer:
                assert (path, answer.status) == (path, 200)
                (expected,) = methods["get"]["responses"]["200"]["content"]
                assert answer.content_type == expected


async def test_what_changes_something_needs_a_key(live: Serving) -> None:
    whole = await live.json("/api/openapi.json")
    changes = [
        (path, method)
        for path, methods in whole["paths"].items()
        for method in methods
        if method != "get"
    ]
    assert ("/api/channels/{name}", "delete") in changes
    for path, method in changes:
        kind = {"Content-Type": "application/json"}
        url = path.replace("{name}", "cam")
        async with live.get(url, method.upper(), data=b"\xff\xd8\xff\xd9", headers=kind) as answer:
            assert (path, method, answer.status) in [
                (path, method, 401),
                (path, method, 415),  # not even a picture
            ]


async def test_every_route_of_the_api_is_described(live: Serving) -> None:
    runner = live.server.ports._runners[0]
    resources = runner.app.router.resources()
    routes = {re.sub(r":[^}]+}", "}", resource.canonical) for resource in resources}
    # OpenAPI has no words for WebSockets.
    pages = {"/", "/{name}", "/assets/{file}", "/api/openapi.json", "/api/wall"}
    pages |= {"/topology", "/{name}/", "/{name}/publish"}
    pages |= {"/api/link", "/api/link/{name}", "/api/link/{name}/look", "/api/link/{name}/publish"}
    assert routes - pages == set(document("1")["paths"])


async def test_a_channel_tells_what_happens_to_it_and_why(live: Serving) -> None:
    cam = await live.json("/api/channels/cam")
    assert (cam["name"], cam["state"], cam["viewers"]) == ("cam", "live", 0)
    video, audio = cam["tracks"]
    assert (video["kind"], video["width"], video["height"]) == ("video", 160, 120)
    assert (audio["kind"], audio["sample_rate"]) == ("audio", 48_000)
    assert video["delivery"] == audio["delivery"] == "transcode"
    assert video["reason"]
    assert audio["reason"]
    for url in cam["urls"].values():
        async with live.get(url) as answer:
            assert answer.status == 200


async def test_renditions_are_told_while_they_are_watched(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg?w=80&q=30") as viewer:
        await viewer.frame()
        cam = await live.json("/api/channels/cam")
    (rendition,) = [each for each in cam["renditions"] if each.get("q") == 30]
    assert (rendition["video"], rendition["q"], rendition["users"]) == ("mjpeg", 30, 1)
    assert rendition["refusal"] == ""
    assert rendition["epoch"] >= 1
    (track,) = rendition["tracks"]
    assert (track["codec"], track["width"], track["height"]) == ("mjpeg", 80, 60)


async def test_channels_are_listed_in_their_order_and_without_passwords(live: Serving) -> None:
    listed = (await live.json("/api/channels"))["channels"]
    assert [channel["name"] for channel in listed] == ["cam", "door"]
    assert listed[1]["source"] == "http://***@127.0.0.1:9/live?***"
    assert listed[1]["text"]
    assert "pw" not in json.dumps(listed)


async def test_metrics_are_what_prometheus_reads(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg") as viewer:
        for _ in range(5):
            await viewer.frame()
        _, skipped = live.edge.census.totals()
        async with live.get("/metrics") as answer:
            assert answer.content_type == "text/plain"
            text = await answer.text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples[("televise_viewers", ("channel", "cam"))] == 1
    assert samples[("televise_viewers", ("channel", "door"))] == 0
    assert samples[("televise_renditions", ("channel", "cam"))] >= 1
    assert samples[("televise_chunks_sent_total",)] >= 5
    assert skipped <= samples[("televise_chunks_skipped_total",)] <= live.edge.census.totals()[1]
    states = {
        labels[1][1]: value
        for (name, *labels), value in samples.items()
        if name == "televise_channel_state" and ("channel", "cam") in labels
    }
    assert states.pop("live") == 1
    assert set(states.values()) == {0}
    assert all(family.documentation for family in families.values())


async def test_counters_never_go_back_when_viewers_leave(live: Serving) -> None:
    async def sent() -> float:
        async with live.get("/metrics") as answer:
            match = re.search(r"^televise_chunks_sent_total (\S+)", await answer.text(), re.M)
            assert match is not None
            return float(match[1])

    counts = []
    for _ in range(3):
        async with live.stream_socket("/cam.mjpg") as viewer:
            await viewer.frame()
            counts.append(await sent())
        await until(lambda: not live.pumps)
        counts.append(await sent())
    assert counts == sorted(counts)
    assert counts[-1] >= counts[0] + 2


@pytest.mark.parametrize("path", ["/api/channels", "/api/channels/cam", "/healthz", "/metrics"])
async def test_head_is_answered_as_get_without_a_body(live: Serving, path: str) -> None:
    async with live.get(path) as whole, live.get(path, "HEAD") as head:
        assert head.status == 200
        assert head.content_type == whole.content_type
        assert await head.read() == b""


async def test_a_film_says_that_it_is_passed_through(clip: Any) -> None:
    film: Path = clip("bigbuckbunny.mp4")
    async with serving(f"film={film}") as running:
        await running.is_live("film")
        tracks = (await running.json("/api/channels/film"))["tracks"]
    assert [(track["kind"], track["codec"]) for track in tracks] == [
        ("video", "h264"),
        ("audio", "aac"),
    ]
    assert [track["delivery"] for track in tracks] == ["passthrough", "passthrough"]
