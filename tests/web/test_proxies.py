"""Proxies in front: who is believed for whom, and who is not."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from televise.errors import InputError
from televise.web.trust.keys import Grant, Keys
from televise.web.trust.proxies import Proxies, parse_network
from tests.support.server import serving
from tests.support.wire import Stream

OURS = [parse_network("10.0.0.0/8"), parse_network("fd00::/8")]


async def seen(remote: str, *chain: str, **headers: str) -> tuple[str | None, str]:
    """From where, and by what, a request seems to come."""
    fields = [*(("X-Forwarded-For", each) for each in chain), *headers.items()]
    request = make_mocked_request("GET", "/", headers=CIMultiDict(fields)).clone(remote=remote)
    found: list[tuple[str | None, str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        found.append((request.remote, request.scheme))
        return web.Response()

    await Proxies(OURS).middleware()(request, handler)
    return found[0]


@pytest.mark.parametrize(
    ("remote", "chain", "expected"),
    [
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.9.9.9"], "1.2.3.4"),
        ("::ffff:10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("11.0.0.1", ["1.2.3.4"], "11.0.0.1"),
        ("2001:db8::1", ["1.2.3.4"], "2001:db8::1"),
    ],
)
async def test_who_asks(remote: str, chain: list[str], expected: str) -> None:
    assert (await seen(remote, *chain))[0] == expected


@pytest.mark.parametrize(
    ("remote", "said", "expected"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "HTTPS", "https"),
        ("10.0.0.1", "javascript", "http"),
        ("11.0.0.1", "https", "http"),
    ],
)
async def test_by_what(remote: str, said: str, expected: str) -> None:
    assert (await seen(remote, **{"X-Forwarded-Proto": said}))[1] == expected


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everywhere", "", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"10\.0\.0\.0/8"):
        parse_network(text)


async def test_limits_count_those_behind_it(tmp_path: Path) -> None:
    """And nobody else makes himself another by saying so."""
    key_file = tmp_path / "key"
    limits: dict[str, Any] = {"max_viewers_per_address": 1, "key_file": key_file, "private": True}
    query = f"?token={Keys(key_file).sign(Grant('cam', 'view'), 600)}"
    first, second = {"X-Forwarded-For": "1.2.3.4"}, {"X-Forwarded-For": "1.2.3.5"}
    async with serving(**limits, proxies=[parse_network("127.0.0.1")]) as running:
        await running.is_live()
        async with Stream.open(running.port, f"/cam.mjpg{query}", first) as stream:
            assert stream.status == 200
            for headers, expected in ((first, 503), (second, 200)):
                async with Stream.open(running.port, f"/cam.mjpg{query}", headers) as other:
                    assert other.status == expected
        forwarded = {"X-Forwarded-Proto": "https", "Accept": "text/html"}
        async with running.get(f"/cam{query}", headers=forwarded) as answer:
            assert "Secure" in answer.headers["Set-Cookie"]
        page = {"X-Forwarded-Proto": "https", "Origin": f"https://{running.authority}"}
        async with Stream.open(running.port, f"/cam.mjpg{query}", page, websocket=True) as stream:
            assert stream.status == 101
    async with serving(**limits) as running:
        await running.is_live()
        async with (
            Stream.open(running.port, f"/cam.mjpg{query}", first) as stream,
            Stream.open(running.port, f"/cam.mjpg{query}", second) as other,
        ):
            assert (stream.status, other.status) == (200, 503)
