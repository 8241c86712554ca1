"""``televise push``: publish a source from here into a hub elsewhere."""

import argparse
import os
from typing import Any


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
    push.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from televise.model.source import parse_source
    from televise.push import parse_target
    from televise.runner import run_push

    token = options.token or os.environ.get("TELEVISE_TOKEN", "")
    return run_push(parse_source(options.source), parse_target(options.url, token))
