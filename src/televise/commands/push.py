"""``televise push``: publish a source from here into a hub elsewhere."""

import argparse
import os
from dataclasses import replace
from typing import Any

from televise.commands import certificates
from televise.commands.arguments import hide_secrets, hide_token
from televise.errors import InputError

# Kinds of sources that make no picture in this process.
_NOT_HERE = ("publish", "directories")


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Make the command known."""
    push = commands.add_parser(
        "push",
        help="publish a source from here into a hub elsewhere",
        description="Publish a source from here as a channel of a hub elsewhere, which has it as "
        "publish: or allows new channels. It connects outward only, and again when it must.",
    )
    push.add_argument("source", metavar="SOURCE", help="as for televise serve")
    push.add_argument("url", metavar="URL/CHANNEL", help="as in http://hub.example:8080/cam")
    push.add_argument(
        "--token",
        default="",
        help="the key for that channel; or set TELEVISE_TOKEN, which is safer",
    )
    certificates.add(push)
    push.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from televise.model.source import parse_source
    from televise.processes.runner import run_push
    from televise.push.target import parse_target

    spec = parse_source(options.source)
    hide_secrets([spec])
    target = parse_target(options.url, options.token or os.environ.get("TELEVISE_TOKEN", ""))
    hide_token(target.token)
    if spec.kind in _NOT_HERE:
        raise InputError(f"{spec.shown} cannot be pushed: it is filled by others; give a source")
    return run_push(spec, replace(target, context=certificates.context(options)))
