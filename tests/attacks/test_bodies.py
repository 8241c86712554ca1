"""T2: whatever body is sent to change something, the answer is one that our own description knows,
and nothing else has changed.

The requests are made from that description, by hypothesis.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from televise.web.openapi import document
from tests.attacks.victim import Victim, attacked

CHANGES = [
    (path, method)
    for path, methods in document("1")["paths"].items()
    for method in methods
    if method != "get"
]
KINDS = [*["application/json"] * 4, "application/octet-stream", "text/plain", "image/jpeg", "\xff"]
# No address of the Internet: somebody would be asked there.
TEXTS = st.one_of(
    st.text(max_size=40).filter(lambda text: "://" not in text),
    st.sampled_from(["publish:", "http://127.0.0.1/", "http://[::1]/", "0123456789ab", "9" * 5000]),
)
KEYS = st.one_of(st.sampled_from(["source", "source", "key", "key", "__proto__"]), TEXTS)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, TEXTS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)
BODIES = st.one_of(
    st.dictionaries(KEYS, TEXTS, min_size=1, max_size=1).map(lambda it: json.dumps(it).encode()),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=200),
    st.sampled_from([b"[" * 60_000, b'{"source": "' + b"x" * 70_000, b"\xff\xd8\xff\xd9"]),
)
# What has a brace in it is no address for aiohttp, whatever stands around it: 404 for everybody.
NAMES = st.one_of(
    st.sampled_from(["cam", "in", "nobody", "made"]),
    st.text(st.characters(exclude_characters="/.{}", exclude_categories=["Cs"]), min_size=1),
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """One of its own: who has published a picture keeps the place for a while."""
    with attacked(tmp_path_factory.mktemp("victim")) as victim:
        yield victim


@settings(max_examples=60)
@given(
    change=st.sampled_from(CHANGES),
    name=NAMES,
    kind=st.sampled_from(KINDS),
    body=BODIES,
    has_key=st.integers(0, 9).map(bool),
)
def test_the_answer_is_one_that_is_described(
    hub: Victim, change: tuple[str, str], name: str, kind: str, body: bytes, has_key: bool
) -> None:
    path, method = change
    is_control = path.startswith("/api/")
    key = hub.bearer(can="admin" if is_control else "publish") if has_key else {}
    url, headers = path.replace("{name}", quote(name, safe="")), key | {"Content-Type": kind}
    before = channels(hub)
    assume(method != "delete" or name not in before)
    answer = hub.ask(url, method.upper(), headers, body)
    operation: dict[str, Any] = document("1")["paths"][path][method]
    assert str(answer.status) in operation["responses"], answer
    assert has_key or answer.status in (401, 415)
    made = answer.status == 201
    assert channels(hub) == (before | {name} if made else before)
    if made:
        assert hub.ask(url, "DELETE", key).status == 204


def channels(victim: Victim) -> set[str]:
    """All that there are."""
    return {each["name"] for each in json.loads(victim.ask("/api/channels").body)["channels"]}
