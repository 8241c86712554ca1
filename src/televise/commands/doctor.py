"""``televise doctor``: what is wrong between source, hub, proxy and browser, and the fix."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from televise.commands.arguments import hide_token
from televise.errors import InputError
from televise.model.hub_url import HubUrl, parse_hub_url

if TYPE_CHECKING:
    from televise.doctor.finding import Finding

_HERE = "127.0.0.1:0"


# What may be examined.
EXAMPLE = "http://127.0.0.1:8080, or http://127.0.0.1:8080/cam"


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Make the command known."""
    doctor = commands.add_parser(
        "doctor",
        help="say what is wrong between source, hub, proxy and browser, and the fix",
        description="Say what is wrong, and the fix: of a hub or a channel as its viewers reach it "
        "(perhaps through a proxy), or of this machine. The exit code is 0 where nothing is wrong, "
        "1 where something is.",
    )
    doctor.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="a hub or a channel, as in https://hub.example/cam?token=KEY; without: this machine",
    )
    doctor.add_argument("--json", action="store_true", help="print it for programs")
    doctor.add_argument(
        "--browser",
        nargs="?",
        const=_HERE,
        metavar="HOST:PORT",
        help="serve a page, and wait for a browser that opens it and tells what it can show",
    )
    doctor.add_argument(
        "--token", default="", help="the key; or set TELEVISE_TOKEN, which is safer"
    )
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import asyncio

    address = None if options.browser is None else _parse_listening(options.browser)
    token = options.token or os.environ.get("TELEVISE_TOKEN", "")
    hide_token(options.token)
    url = None if options.url is None else parse_hub_url(options.url, EXAMPLE)
    hide_token(url.token if url else "")
    found = asyncio.run(_examine(url, token, address))
    (_print_json if options.json else _print)(found)
    return int(any(finding.level == "wrong" for finding in found))


async def _examine(
    url: HubUrl | None, token: str, address: tuple[str, int] | None
) -> "list[Finding]":
    from televise.doctor.examination import examine_hub, examine_machine

    if url is None:
        return await examine_machine(address, _tell)
    return await examine_hub(url, token, address, _tell)


def _tell(url: str) -> None:
    print(f"Open this in the browser: {url}", file=sys.stderr, flush=True)


def _parse_listening(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InputError(f"--browser {text!r}: write it as in 192.168.1.5:8090")
    return host.strip("[]"), int(port)


def _print(found: "Sequence[Finding]") -> None:
    for finding in found:
        print(f"{finding.level:<6} {finding.check:<12} {finding.text}")
        if finding.fix:
            print(f"{'':<19} fix: {finding.fix}")


def _print_json(found: "Sequence[Finding]") -> None:
    count = sum(finding.level == "wrong" for finding in found)
    print(json.dumps({"wrong": count, "findings": [each.to_json() for each in found]}, indent=2))
