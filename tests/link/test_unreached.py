"""Why nobody was reached: in words that help, from what the library raises."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from televise.link.unreached import unreached
from televise.web.trust.certificate import Certificate
from tests.conftest import Needs
from tests.sources.tls_server import make_certificate
from tests.support.server import serving


async def reason(url: str, context: ssl.SSLContext | None = None) -> str:
    """Why there is no WebSocket at ``url``."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ClientError, OSError)) as caught:
            await session.ws_connect(url, ssl=context or True)
    return unreached(caught.value, secure=url.startswith("wss:"))


@pytest.fixture
async def port(tmp_path: Path, needs: Needs) -> AsyncIterator[int]:
    """Where a hub speaks TLS, with a certificate that nobody knows."""
    certificate = Certificate(*map(Path, make_certificate(needs("openssl"), tmp_path)))
    async with serving("cam=publish:", certificate=certificate, rtmp_port=-1) as tv:
        yield tv.port


async def test_a_name_that_nobody_has() -> None:
    assert await reason("ws://hub.invalid/") in (
        "there is no machine of this name",
        "its name cannot be looked up: temporary failure in name resolution",
    )


async def test_nobody_is_there(unused_tcp_port: int) -> None:
    assert await reason(f"ws://127.0.0.1:{unused_tcp_port}/") == "connection refused"
    assert unreached(TimeoutError(), secure=False) == "no answer in time"


async def test_a_certificate_that_is_not_believed(port: int) -> None:
    refusal = "its certificate is not to be trusted: "
    assert (await reason(f"wss://localhost:{port}/")).startswith(refusal)


async def test_tls_where_there_is_none_and_none_where_there_is(port: int) -> None:
    assert await reason(f"ws://127.0.0.1:{port}/") == (
        "it has closed the connection: if it speaks TLS, write wss:// or https://"
    )
    async with serving("cam=publish:", rtmp_port=-1) as tv:
        plain = await reason(f"wss://127.0.0.1:{tv.port}/")
    assert plain == "it does not speak TLS: write ws:// or http://"
