"""TLS: processor time of the hub per message, beside the same without it in the same run.

Messages of 20 KB, 30 a second, to WebSocket viewers that read as fast as they can.
"""

import argparse
import asyncio
import json
import re
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.fanout import FPS, SIZE
from bench.hub import Hub, serving
from bench.jpeg_film import make_film
from bench.load import handshake


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        film, certificate = folder / "cam.mkv", folder / "cert.pem"
        make_film(film, SIZE, FPS)
        context = _make_certificate(certificate)
        with serving(f"cam={film}") as hub:
            plain = asyncio.run(_measure(hub, None, options))
        with serving(f"cam={film}", "--tls-cert", str(certificate), context=context) as hub:
            secure = asyncio.run(_measure(hub, context, options))
    ratio = round(secure["us_per_message"] / plain["us_per_message"], 2)
    print(json.dumps({"viewers": options.viewers, "ratio": ratio, "plain": plain, "tls": secure}))


async def _measure(
    hub: Hub, context: ssl.SSLContext | None, options: argparse.Namespace
) -> dict[str, Any]:
    async with _viewers(hub, context, options.viewers):
        await asyncio.sleep(3.0)
        sent, cpu = await _sent(hub, context), hub.cpu_seconds()
        await asyncio.sleep(options.seconds)
        sent, cpu = await _sent(hub, context) - sent, hub.cpu_seconds() - cpu
    return {"us_per_message": round(cpu / sent * 1e6, 1)}


@asynccontextmanager
async def _viewers(hub: Hub, context: ssl.SSLContext | None, count: int) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    transports = []
    try:
        for _ in range(count):
            transport, _ = await loop.create_connection(
                asyncio.Protocol, "127.0.0.1", hub.port, ssl=context
            )
            transport.write(handshake(hub))
            transports.append(transport)
        yield
    finally:
        for transport in transports:
            transport.abort()


async def _sent(hub: Hub, context: ssl.SSLContext | None) -> int:
    url = f"{'http' if context is None else 'https'}://127.0.0.1:{hub.port}/metrics"
    text = await asyncio.to_thread(lambda: urllib.request.urlopen(url, context=context).read())
    match = re.search(rb"^televise_chunks_sent_total ([0-9.e+]+)", text, re.MULTILINE)
    assert match is not None
    return int(float(match[1]))


def _make_certificate(path: Path) -> ssl.SSLContext:
    """A certificate with its key in one file, and who believes it."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = path.with_suffix(".key")
    subprocess.run(
        [*command.split(), *names, "-keyout", key, "-out", path], check=True, capture_output=True
    )
    path.write_text(path.read_text() + key.read_text())
    return ssl.create_default_context(cafile=path)


if __name__ == "__main__":
    main()
