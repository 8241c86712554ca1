"""``televise serve --upstream`` as a user types it: what is wrong with it, keys, certificates."""

import asyncio
import ssl
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from televise.testing import toxic_proxy
from televise.web.trust.keys import Grant, Keys
from tests.commands.test_arguments import command_lines
from tests.conftest import Needs
from tests.hub.hubs import SMALL, has, hub
from tests.sources.tls_server import make_certificate
from tests.support.process import Running, run, televise
from tests.support.waiting import until


async def serve(stack: ExitStack, *arguments: str, log: Path, **more: str) -> Running:
    """A process with its own event loop, started beside ours."""
    process = televise(*arguments, log=log, **more)
    return await asyncio.to_thread(stack.enter_context, process)


async def channels(tv: Running) -> list[str]:
    url = f"http://127.0.0.1:{tv.port}/api/channels"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return [each["name"] for each in (await answer.json())["channels"]]


@pytest.mark.parametrize(
    "url", ["hub", "hub:8080", "ftp://hub", "ws://", "ws://h:0", "ws://h:x", "ws://u:s3cr3t@h"]
)
def test_what_is_no_upstream(url: str) -> None:
    ended = run("serve", "--upstream", f"{url}?token=s3cr3t")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "ws://hub.example:8080?token=KEY" in line
    assert "s3cr3t" not in line


async def test_a_key_opens_a_hub_and_is_seen_nowhere(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    token = Keys(key_file).sign(Grant("*", "relay"), 600)
    with ExitStack() as stack:
        async with hub(SMALL, key_file=key_file) as ingress:
            url = f"ws://{ingress.authority}?token={token}"
            edge = await serve(stack, "--upstream", url, log=tmp_path / "log")
            assert "still to come" in "".join(edge.greeting)
            seen = await asyncio.to_thread(command_lines)
            async with asyncio.timeout(40):
                while await channels(edge) != ["cam"]:
                    assert edge.process.poll() is None
            async with aiohttp.ClientSession() as client:
                for path in ("/api/topology", "/topology", "/api/channels", "/metrics", "/cam"):
                    async with client.get(f"http://127.0.0.1:{edge.port}{path}") as answer:
                        assert answer.status == 200
                        seen += await answer.text()
        await until(lambda: any("no upstream" in line for line in edge.lines()))
        seen += (tmp_path / "log").read_text()
    assert "127.0.0.1" in seen
    assert token not in seen


async def test_certificates_are_checked(tmp_path: Path, needs: Needs) -> None:
    certificate = make_certificate(needs("openssl"), tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ExitStack() as stack:
        async with toxic_proxy(context=context) as proxy:
            name = f"localhost:{proxy.port}"
            async with hub(SMALL, origins=[f"https://{name}"]) as ingress:
                proxy.target = ingress.port
                options = ("--upstream", f"wss://{name}")
                trusting = {"SSL_CERT_FILE": str(certificate[0])}
                knows = await serve(stack, *options, log=tmp_path / "knows", **trusting)
                doubts = await serve(stack, *options, log=tmp_path / "doubts")
                async with asyncio.timeout(40):
                    while await channels(knows) != ["cam"]:
                        assert knows.process.poll() is None
                await until(lambda: any("not to be trusted" in line for line in doubts.lines()))
                assert await channels(doubts) == []


async def test_a_link_by_another_name_is_explained(tmp_path: Path) -> None:
    """A proxy that is not among the hub's names."""
    with ExitStack() as stack:
        async with toxic_proxy() as proxy, hub(SMALL) as ingress:
            proxy.target = ingress.port
            url = f"ws://127.0.0.1:{proxy.port}"
            edge = await serve(stack, "--upstream", url, log=tmp_path / "log")
            await until(lambda: any("it needs --origin" in line for line in edge.lines()))
            await has(ingress)
