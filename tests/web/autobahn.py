"""The Autobahn test suite against our WebSockets: ``make autobahn``.

It needs Python 2.7, which Debian has no more; ``PYTHON2`` is where it is, if not in the PATH. What
it needs from PyPI is put into .cache/autobahn. Its cases of speed and compression are left out:
that is what nobody is offered.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from televise.web.connections.ports import Ports
from televise.web.sockets import upgrade
from tests.conftest import ROOT

FOLDER = ROOT / ".cache" / "autobahn"
# The last ones for Python 2.7.
VIRTUALENV, SUITE = "virtualenv==20.15.1", "autobahntestsuite==25.10.1"
MAX_BYTES = 32 << 20
# Broken UTF-8 is refused at the end of its message, and not within (RFC 6455 lets us choose).
NOT_STRICT = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}
GOOD = {"OK", "INFORMATIONAL"}


async def echo(request: web.Request) -> web.StreamResponse:
    """Say what was said, over the same kind of WebSocket as all others."""
    websocket = await upgrade(request, [], MAX_BYTES)
    async for message in websocket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await websocket.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await websocket.send_bytes(message.data)
    return websocket


def suite() -> Path:
    """The program, installed if it is not."""
    program = FOLDER / "bin" / "wstest"
    if not program.exists():
        python = shutil.which(os.environ.get("PYTHON2", "python2.7"))
        if python is None:
            sys.exit("Autobahn needs Python 2.7: make autobahn PYTHON2=/path/to/python2.7")
        own, environment = FOLDER / "virtualenv", os.environ | {"PYTHONPATH": ""}
        quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, *quiet, "--target", own, VIRTUALENV], check=True, env=environment)
        environment["PYTHONPATH"] = str(own)
        subprocess.run([python, "-m", "virtualenv", "-q", FOLDER], check=True, env=environment)
        subprocess.run([FOLDER / "bin" / "python", *quiet, SUITE], check=True)
    return program


async def results(program: Path) -> dict[str, Any]:
    """What became of each case."""
    ports = Ports("127.0.0.1", None, (), 0)
    port, _ = ports.bind(0)
    app = web.Application()
    app.router.add_get("/echo", echo)
    await ports.serve([app])
    try:
        config = FOLDER / "cases.json"
        server = {"agent": "televise", "url": f"ws://127.0.0.1:{port}/echo"}
        config.write_text(json.dumps({
            "outdir": str(FOLDER / "report"), "servers": [server], "cases": ["*"],
            "exclude-cases": ["9.*", "12.*", "13.*"], "exclude-agent-cases": {},
        }))  # fmt: skip
        command = [str(program), "-m", "fuzzingclient", "-s", str(config)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        if code := await process.wait():
            sys.exit(f"wstest ended with {code}")
    finally:
        await ports.close()
    found: dict[str, Any] = json.loads((FOLDER / "report" / "index.json").read_text())["televise"]
    return found


def is_good(case: str, result: dict[str, str]) -> bool:
    """Whether it is as it should be."""
    fine = GOOD | ({"NON-STRICT"} if case in NOT_STRICT else set())
    return result["behavior"] in fine and result["behaviorClose"] in GOOD


def main() -> int:
    """Run it; 0 where all is well."""
    found = asyncio.run(results(suite()))
    bad = {case: result for case, result in found.items() if not is_good(case, result)}
    for case, result in bad.items():
        sys.stdout.write(f"{case}: {result['behavior']}, close: {result['behaviorClose']}\n")
    good = len(found) - len(bad)
    sys.stdout.write(f"{good} of {len(found)} cases; {FOLDER}/report/index.html\n")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
