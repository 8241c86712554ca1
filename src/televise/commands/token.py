"""``televise token``: make a key, and the link that uses it."""

import argparse
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from televise.commands.values import seconds
from televise.errors import InputError


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Make the command known."""
    token = commands.add_parser(
        "token",
        help="make a key for a channel, and the link that uses it",
        description="Make a key for a channel, and the links that use it. It is valid for all "
        "servers of this user on this machine.",
    )
    token.add_argument("channel", metavar="CHANNEL", help="a channel's name, or * for all")
    token.add_argument(
        "--can", default="publish", help="what it allows: publish, relay or admin (%(default)s)"
    )
    token.add_argument(
        "--ttl", type=seconds, default=86_400, help="how long it is valid: 90s, 30m, 12h, 7d (1d)"
    )
    token.add_argument(
        "--take-over",
        action="store_true",
        help="also allow to take the place of one who publishes already, with takeover=1",
    )
    token.add_argument(
        "--url", default="http://127.0.0.1:8080", help="the server, for the links (%(default)s)"
    )
    token.add_argument("--key-file", type=Path, help="the secret that signs it")
    token.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from televise.web.keys import Grant, Keys, default_path

    _check_url(options.url)
    grant = Grant(options.channel, options.can, options.take_over)
    token = Keys(options.key_file or default_path()).sign(grant, options.ttl)
    lines = [token]
    if options.can == "publish" and options.channel != "*":
        lines += _links(options.url.rstrip("/"), options.channel, token)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise InputError(f"--url {url}: write it as in http://127.0.0.1:8080")


def _links(url: str, channel: str, token: str) -> list[str]:
    host = urlsplit(url).hostname or ""
    return [
        f"{url}/{channel}/publish?token={token}",
        f"{url}/{channel}.ts?token={token}",
        f"rtmp://{f'[{host}]' if ':' in host else host}:1935/live/{channel}?token={token}",
    ]
