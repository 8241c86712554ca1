"""``televise viewers``: a hostile crowd over every output, and what each of it got."""

import argparse
import os
import sys
import time
from typing import Any

from televise.commands.arguments import hide_token
from televise.commands.values import count, per_second, share
from televise.errors import InputError
from televise.model.hub_url import HubUrl, parse_hub_url

EXAMPLES = """\
examples:
  televise viewers http://127.0.0.1:8080                       every output of every channel
  televise viewers http://127.0.0.1:8080/cam -n 200 --slow 10% --stall 5%
  televise viewers ws://127.0.0.1:8080/cam.mp4 -n 50 --churn 5/s --json
"""
# Sockets that this program needs besides those of viewers.
_OTHER_FILES = 300


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Make the command known."""
    viewers = commands.add_parser(
        "viewers",
        help="watch a hub as a hostile crowd, and print what each viewer got",
        description="Watch a hub, a channel or one stream as a crowd of good and bad viewers, and\n"
        "print what each of them got. Exit code 0 where every healthy one got everything, else 1.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    viewers.add_argument("url", metavar="URL", help="a hub, a channel, or one stream of it")
    viewers.add_argument(
        "-n", "--viewers", type=count, default=20, help="how many in all (%(default)s)"
    )
    viewers.add_argument(
        "--seconds", type=count, default=10, help="how long they watch (%(default)s)"
    )
    _add_kinds(viewers.add_argument_group("bad ones among them, as in 10%"))
    viewers.add_argument(
        "--churn",
        type=per_second,
        default=0.0,
        metavar="N/s",
        help="so many more join and leave all the time, as in 5/s",
    )
    viewers.add_argument(
        "--token", default="", help="the key; or set TELEVISE_TOKEN, which is safer"
    )
    viewers.add_argument("--json", action="store_true", help="print JSON")
    viewers.add_argument(
        "--remote", action="store_true", help="allow a hub that is not on this machine"
    )
    viewers.set_defaults(run=_run)


def _add_kinds(group: "argparse._ArgumentGroup") -> None:
    for option, text in (
        ("--slow", "read a quarter of what the others do"),
        ("--stall", "read the beginning, and then nothing"),
        ("--leave", "leave in the middle of a picture, and come again"),
        ("--half-open", "send half of a request, and are silent"),
        ("--rubbish", "send what is neither request nor message"),
    ):
        group.add_argument(option, type=share, default=0.0, metavar="P%", help=text)


def _run(options: argparse.Namespace) -> int:
    import asyncio

    from televise.crowd.crowd import check, good
    from televise.crowd.outputs import EXAMPLES, check_here
    from televise.crowd.report import as_json, as_text

    url = parse_hub_url(options.url, EXAMPLES)
    token = options.token or os.environ.get("TELEVISE_TOKEN", "")
    hide_token(options.token)
    hide_token(url.token)
    shares = {
        "slow": options.slow,
        "stalled": options.stall,
        "leaving": options.leave,
        "half-open": options.half_open,
        "rubbish": options.rubbish,
    }
    check(options.viewers, shares, options.seconds, options.churn)
    if not options.remote:
        check_here(url)
    _make_room(options.viewers)
    accounts, seconds = asyncio.run(_watch(options, url, token, shares))
    lines = [as_json(accounts, seconds)] if options.json else as_text(accounts)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 0 if good(accounts) else 1


async def _watch(
    options: argparse.Namespace, url: HubUrl, token: str, shares: dict[str, float]
) -> tuple[list[Any], float]:
    """Their accounts, and how long they have watched: until a signal, perhaps."""
    import asyncio

    from televise.crowd.crowd import watch
    from televise.crowd.outputs import outputs_of
    from televise.signals import on_signal

    outputs = await outputs_of(url, token)
    stop = asyncio.Event()
    on_signal(stop)
    began, seconds = time.monotonic(), float(options.seconds)
    watching = watch(
        outputs, options.viewers, shares, seconds=seconds, churn=options.churn, stop=stop
    )
    accounts = await watching
    return accounts, round(min(seconds, time.monotonic() - began), 1)


def _make_room(viewers: int) -> None:
    """InputError where this process may not have so many sockets."""
    if sys.platform == "win32":
        return
    import resource

    wanted = viewers + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise InputError(f"{viewers} viewers need {wanted} open files: try ulimit -n {wanted}")
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
