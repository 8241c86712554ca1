"""``televise serve``: make channels of sources, and show them to browsers."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from televise.commands import hub_options
from televise.errors import InputError

EXAMPLES = """\
examples:
  televise serve                               the test pattern, on http://127.0.0.1:8080/demo
  televise serve film.mp4                      a file, over and over
  televise serve door=rtsp://camera/stream     a camera, as channel "door"
  televise serve cam=device:/dev/video0        a webcam
  televise serve live=publish:                 whatever OBS, ffmpeg or a browser publishes
  ffmpeg ... -f mpegts - | televise serve -    whatever is piped in

SOURCE is pattern: (pattern:?size=1280x720&fps=30&tone=440), a file, - (standard input), dir:PATH
(images or segments), device:/dev/video0, picamera:, screen:, publish: (waits for a publisher),
frames: (a Python program's), or a URL: rtsp:// rtmp:// srt:// udp:// http:// https:// (MJPEG,
MPEG-TS, FLV, MP4).
"""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Make the command known."""
    serve = commands.add_parser(
        "serve",
        help="make channels of sources, and show them to browsers",
        description="Make channels of sources, and show them to browsers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    hub_options.add(serve)
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    with _without_certificates():
        from televise.config.plan import Wanted
        from televise.processes.runner import run, run_fleet

    wanted = Wanted(hub_options.given(options), options.config, options.node, local=options.local)
    _check_places(options)
    if not options.local or options.node or "" in wanted.nodes():
        return run(wanted)
    if options.sources:
        raise InputError("SOURCE is for one hub: add --node NAME, or write it into the file")
    from televise.processes.fleet import Fleet

    return run_fleet(Fleet(wanted.plans(), sys.argv[1:]))


def _check_places(options: argparse.Namespace) -> None:
    """InputError where an option needs another one."""
    for option in ("node", "local"):
        if getattr(options, option) and options.config is None:
            raise InputError(f"--{option} is about a file: add --config FILE")


@contextmanager
def _without_certificates() -> Iterator[None]:
    """aiohttp loads all certificates of the system when it is imported: a fifth of our start.

    It needs them as a client only, and whoever connects from here makes a context for that.
    """
    kept = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = os.devnull
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]
        if kept is not None:
            os.environ["SSL_CERT_FILE"] = kept
