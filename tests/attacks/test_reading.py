"""T2: whoever only reads changes nothing, whatever is asked for, with whichever key.

The requests are made from the hub's own description, by hypothesis. Schemathesis would read answers
to their end, and most of ours have none; it also brings eleven packages.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from televise.web.openapi import document
from tests.attacks.victim import Victim

READING = {path: methods["get"] for path, methods in document("1")["paths"].items()
           if "get" in methods}  # fmt: skip
# Ways in which some servers let a GET be something else.
DISGUISES: list[dict[str, str]] = [
    {},
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-HTTP-Method": "PUT"},
    {"X-Method-Override": "DELETE"},
    {"Content-Type": "application/json"},
]
VALUES: dict[str, Any] = {
    "integer": st.integers(-(1 << 70), 1 << 70).map(str),
    "number": st.floats().map(str),
    "string": st.sampled_from(["-3s", "10s", "800k", "h264", "1", "", "-1e999s", "\0", "😀"]),
}
NAMES = st.one_of(st.sampled_from(["cam", "cam", "nobody", "..", "cam/x"]), st.text(max_size=20))
TRICKS = st.sampled_from([{}, {}, {"_method": "DELETE"}, {"source": "publish:", "action": "put"}])


@st.composite
def readings(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A path with its query, and headers."""
    path = draw(st.sampled_from(sorted(READING)))
    query: dict[str, str] = dict(draw(TRICKS))
    parameters = [each for each in READING[path]["parameters"] if each["in"] == "query"]
    if parameters:
        for each in draw(st.lists(st.sampled_from(parameters), max_size=3)):
            query[each["name"]] = draw(VALUES[each["schema"]["type"]])
    filled = path.replace("{name}", quote(draw(NAMES), safe=""))
    return f"{filled}?{urlencode(query)}" if query else filled, draw(st.sampled_from(DISGUISES))


def channels(victim: Victim) -> list[tuple[str, str]]:
    """What could be changed: which channels there are, and of what."""
    listed = json.loads(victim.ask("/api/channels").body)["channels"]
    return [(each["name"], each["source"]) for each in listed]


def test_the_check_sees_a_change(victim: Victim) -> None:
    before = channels(victim)
    headers = victim.bearer(can="admin") | {"Content-Type": "application/json"}
    made = victim.ask("/api/channels/made", "PUT", headers, b'{"source": "publish:"}')
    assert (made.status, channels(victim)) == (201, [*before, ("made", "publish:")])
    assert victim.ask("/api/channels/made", "DELETE", headers).status == 204
    assert channels(victim) == before


@settings(max_examples=30)
@given(reading=readings(), head=st.booleans())
def test_reading_changes_nothing(
    attacked_hub: Victim, reading: tuple[str, dict[str, str]], head: bool
) -> None:
    path, disguise = reading
    before = channels(attacked_hub)
    headers = attacked_hub.bearer(can="admin") | disguise
    body = b'{"source": "publish:"}' if "Content-Type" in disguise else b""
    answer = attacked_hub.ask(path, "HEAD" if head else "GET", headers, body)
    assert answer.status in (200, 400, 404, 503), answer.head
    assert channels(attacked_hub) == before


SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("kind", SIMPLE)
def test_what_a_form_can_send_is_no_command(victim: Victim, kind: str) -> None:
    """Even with the right key, which no form can send."""
    before = channels(victim)
    headers = victim.bearer(can="admin") | {"Content-Type": kind}
    body = b'{"source": "publish:"}'
    assert victim.ask("/api/channels/made", "PUT", headers, body).status == 415
    assert victim.ask("/api/channels/made", "POST", headers, body).status == 405
    assert channels(victim) == before


@pytest.mark.parametrize("headers", CROSS)
def test_what_another_site_sends_is_refused(victim: Victim, headers: dict[str, str]) -> None:
    """Before anything looks at the key."""
    before = channels(victim)
    key = victim.bearer(can="admin") | {"Content-Type": "application/json"}
    for method in ("PUT", "POST", "DELETE"):
        body = b'{"source": "publish:"}'
        assert victim.ask("/api/channels/cam", method, key | headers, body).status == 403
    assert victim.ask("/in.ts", "POST", victim.bearer(can="publish") | headers).status == 403
    assert channels(victim) == before
