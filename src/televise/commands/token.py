"""``televise token``: make a key, and the link that uses it; or make one worthless."""

import argparse
import sys
from pathlib import Path
from typing import Any

from televise.commands.values import count, port, seconds
from televise.errors import InputError
from televise.model.hub_url import HubUrl, parse_hub_url

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Make the command known."""
    token = commands.add_parser(
        "token",
        help="make a key for a channel, and the link that uses it",
        description="Make a key for a channel, and the links that use it. It is valid for all "
        "servers that have the same key file: those of this user on this machine.",
    )
    _add_grant(token)
    _add_links(token)
    token.add_argument(
        "--revoke",
        metavar="KEY",
        help="make this key worthless, or the one with this identifier; who uses it is sent away",
    )
    token.add_argument("--key-file", type=Path, help="the secret that signs it")
    token.set_defaults(run=_run)


def _add_grant(token: argparse.ArgumentParser) -> None:
    token.add_argument(
        "channel",
        metavar="CHANNEL",
        nargs="?",
        help="a channel's name, the beginning of names as in 'cam*', or '*' for all",
    )
    token.add_argument(
        "--can", default="publish", help="what it allows: view, publish, relay, admin (%(default)s)"
    )
    token.add_argument(
        "--ttl", type=seconds, default=86_400, help="how long one may come: 90s, 30m, 12h, 7d (1d)"
    )
    token.add_argument(
        "--watch",
        type=seconds,
        help="how long, from now on, who has come may stay and come back; no less than --ttl, "
        "which it is if it is not given",
    )
    token.add_argument("--viewers", type=count, help="how many may use it at a time (any number)")
    token.add_argument(
        "--take-over",
        action="store_true",
        help="also allow to take the place of one who publishes already, with takeover=1",
    )


def _add_links(token: argparse.ArgumentParser) -> None:
    token.add_argument(
        "--url", default="http://127.0.0.1:8080", help="the server, for the links (%(default)s)"
    )
    token.add_argument(
        "--rtmp", type=port, default=1935, metavar="PORT", help="its port for RTMP (%(default)s)"
    )
    token.add_argument(
        "--qr",
        action=argparse.BooleanOptionalAction,
        help="draw the link as a QR code, too (where a person reads it)",
    )


def _run(options: argparse.Namespace) -> int:
    from televise.web.trust.keys import Keys
    from televise.web.trust.secret import default_path

    keys = Keys(options.key_file or default_path())
    if (options.channel is None) == (options.revoke is None):
        raise InputError("give a CHANNEL, as in televise token cam, or --revoke KEY")
    if options.revoke is not None:
        sys.stdout.write(f"revoked {keys.revoke(options.revoke)}\n")
        return 0
    url = _parse_url(options.url)
    if options.watch is not None and options.watch < options.ttl:
        raise InputError("--watch: both are counted from now on, so give no less than --ttl")
    token = keys.sign(_grant(options), options.ttl, options.watch)
    links = _links(url, options.channel, options.can, token, options.rtmp)
    sys.stdout.write("\n".join([token, *links]) + "\n")
    if links and sys.stdout.isatty() and url.host in _THIS_MACHINE:
        sys.stderr.write("These are for this machine: --url has the server's address for others.\n")
    if links and (sys.stdout.isatty() if options.qr is None else options.qr):
        _draw(links[0])
    return 0


def _grant(options: argparse.Namespace) -> Any:
    from televise.web.trust.keys import Grant

    return Grant(options.channel, options.can, options.take_over, options.viewers or 0)


def _parse_url(text: str) -> HubUrl:
    try:
        return parse_hub_url(text, "http://127.0.0.1:8080")
    except InputError as error:
        raise InputError(f"--url {error}") from None


def _links(url: HubUrl, channel: str, can: str, token: str, rtmp_port: int) -> list[str]:
    """Where it is used, the most usual first."""
    several = channel.endswith("*")
    if can == "relay":
        return [f"{url.ws}?token={token}"]
    if can == "view":
        return [f"{url.http}/{'' if several else channel}?token={token}"]
    if can == "admin" or several:
        return []
    host = f"[{url.host}]" if ":" in url.host else url.host
    return [
        f"{url.http}/{channel}/publish?token={token}",
        f"{url.http}/{channel}.ts?token={token}",
        f"{'rtmps' if url.secure else 'rtmp'}://{host}:{rtmp_port}/live/{channel}?token={token}",
    ]


def _draw(link: str) -> None:
    import segno

    segno.make(link, error="l", micro=False).terminal(compact=True)
