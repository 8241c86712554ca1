"""The options of a hub, most of which may be said in a file too."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from televise.commands import certificates
from televise.commands.arguments import hide_secrets, hide_token
from televise.commands.values import count, port, replay, rtmp_port, within
from televise.model.allowed import ALLOWED
from televise.model.host import bare
from televise.model.source import parse_source


def add(parser: argparse.ArgumentParser) -> None:
    """Make them known."""
    parser.add_argument(
        "sources", nargs="*", metavar="[NAME=]SOURCE", help="without any: demo=pattern:"
    )
    _add_file(parser.add_argument_group("a file"))
    _add_listening(parser.add_argument_group("listening"))
    _add_trust(parser.add_argument_group("trust"))
    _add_limits(parser.add_argument_group("limits"))
    _add_hubs(parser.add_argument_group("other hubs"))
    _add_publishing(parser.add_argument_group("publishing"))


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The options that were written, understood, by the names that they have in a file."""
    from televise.config.channels import Named, check_sources
    from televise.config.keys import KEYS
    from televise.dialects import parse_dialect
    from televise.hub.nats.connection import parse_nats
    from televise.hub.relays.upstream import parse_upstream
    from televise.web.trust.proxies import parse_network
    from televise.web.trust.security import check_origin

    written: dict[str, Any] = {
        key: value for key in KEYS if (value := getattr(options, key, None)) is not None
    }
    understood: dict[str, Callable[[str], Any]] = {
        "origins": check_origin,
        "dialects": parse_dialect,
        "upstreams": parse_upstream,
        "trusted_proxies": parse_network,
        "source_networks": partial(parse_network, option="--source-network"),
    }
    for key, parse in understood.items():
        if key in written:
            written[key] = [parse(text) for text in written[key]]
    specs = [parse_source(text) for text in options.sources]
    hide_secrets([*specs, *([parse_nats(options.bus)] if options.bus else [])])
    for upstream in written.get("upstreams", ()):
        hide_token(upstream.token)
    check_sources(specs)
    if specs:
        written["channels"] = [Named(spec) for spec in specs]
    return written


def _add_file(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="what is said here and in docs/reference/configuration.md; options go before it",
    )
    group.add_argument("--node", default="", metavar="NAME", help="which of the file's hubs to be")
    group.add_argument(
        "--local",
        action="store_true",
        help="all hosts of the file are this machine; without --node all hubs of it are started",
    )


def _add_listening(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--host", type=bare, help="address to listen on (127.0.0.1)")
    group.add_argument("--port", type=port, help="port to listen on, 0 for any (8080)")
    group.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="processes that serve viewers, where one core is not enough (1)",
    )
    group.add_argument(
        "--insecure",
        action="store_const",
        const=True,
        help="listen beyond this machine without --private: everybody there can then watch",
    )
    group.add_argument(
        "--origin",
        action="append",
        dest="origins",
        metavar="URL",
        help="a site whose pages may show these channels, as in https://example.org; repeatable",
    )
    group.add_argument(
        "--dialect",
        action="append",
        dest="dialects",
        metavar="NAME[=CHANNEL][@PORT][,static=DIR]",
        help="answer as an older system did, on its own port, with the pages in DIR; repeatable, "
        "see docs/reference/dialects.md",
    )


def _add_trust(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--private",
        action="store_const",
        const=True,
        help="watching needs a key too, see televise token",
    )
    group.add_argument("--key-file", type=Path, help="the secret that signs the keys")
    group.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="certificate chain: every port speaks TLS"
    )
    group.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, if that is not in it")
    group.add_argument(
        "--tls-client-ca",
        type=Path,
        metavar="FILE",
        help="other hubs must show a certificate that one of these has signed",
    )
    group.add_argument(
        "--trusted-proxy",
        dest="trusted_proxies",
        action="append",
        metavar="NETWORK",
        help="a proxy whose X-Forwarded-For and -Proto are true, as in 10.0.0.0/8; repeatable",
    )
    group.add_argument(
        "--source-network",
        dest="source_networks",
        action="append",
        metavar="NETWORK",
        help="where sources may be that are named by the API, beside the Internet: 192.168.1.0/24; "
        "repeatable",
    )


def _add_limits(group: "argparse._ArgumentGroup") -> None:
    for name, allowed in ALLOWED.items():
        option, kind = f"--max-{name.replace('_', '-')}", within(allowed)
        group.add_argument(option, type=kind, metavar="N", help=allowed.help)
    group.add_argument(
        "--replay",
        type=replay,
        metavar="TIME",
        help="keep so much to look back to, 5m at most, and sources open where nobody watches "
        "(else 30s, while they are open)",
    )


def _add_hubs(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--upstream",
        action="append",
        dest="upstreams",
        metavar="URL",
        help="take the channels of another hub, as in ws://hub:8080?token=KEY; repeatable",
    )
    group.add_argument(
        "--bus",
        metavar="URL",
        help="share channels with all hubs on this NATS server, as in nats://bus.example:4222",
    )
    certificates.add(group)


def _add_publishing(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--rtmp",
        type=rtmp_port,
        metavar="PORT",
        help="port for publishers by RTMP, or off (1935, where something can be published)",
    )
    group.add_argument(
        "--new-channels",
        action="store_const",
        const=True,
        help="publishers may make channels that are not there, if their key allows it",
    )
