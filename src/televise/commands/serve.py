"""``televise serve``: make channels of sources, and show them to browsers."""

import argparse
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from televise.commands.arguments import hide_secrets, hide_token
from televise.commands.values import count, port, rtmp_port, seconds
from televise.errors import InputError
from televise.model.source import SourceSpec, parse_source

if TYPE_CHECKING:
    import ssl

    from televise.web.certificate import Certificate

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
    serve.add_argument(
        "sources", nargs="*", metavar="[NAME=]SOURCE", help="without any: demo=pattern:"
    )
    _add_listening(serve.add_argument_group("listening"))
    _add_trust(serve.add_argument_group("trust"))
    _add_limits(serve.add_argument_group("limits"))
    _add_hubs(serve.add_argument_group("other hubs"))
    _add_publishing(serve.add_argument_group("publishing"))
    serve.set_defaults(run=_serve)


def _add_listening(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    group.add_argument(
        "--port", type=port, default=8080, help="port to listen on, 0 for any (%(default)s)"
    )
    group.add_argument(
        "--insecure",
        action="store_true",
        help="listen beyond this machine without --private: everybody there can then watch",
    )
    group.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="URL",
        help="a site whose pages may show these channels, as in https://example.org; repeatable",
    )
    group.add_argument(
        "--dialect",
        action="append",
        default=[],
        metavar="NAME[=CHANNEL][@PORT]",
        help="answer as an older system did, on its own port; repeatable, see docs/reference",
    )


def _add_trust(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--private", action="store_true", help="watching needs a key too, see televise token"
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
        action="append",
        default=[],
        metavar="NETWORK",
        help="a proxy whose X-Forwarded-For and -Proto are true, as in 10.0.0.0/8; repeatable",
    )


def _add_limits(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--max-viewers", type=count, default=10_000, help="viewers in all (%(default)s)"
    )
    group.add_argument(
        "--max-viewers-per-address",
        type=count,
        default=5_000,
        help="viewers from one address (%(default)s)",
    )
    group.add_argument(
        "--replay",
        type=seconds,
        metavar="TIME",
        help="keep so much to look back to, and sources open where nobody watches "
        "(else 30s, while they are open)",
    )


def _add_hubs(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--upstream",
        action="append",
        default=[],
        metavar="URL",
        help="take the channels of another hub, as in ws://hub:8080?token=KEY; repeatable",
    )
    group.add_argument(
        "--bus",
        default="",
        metavar="URL",
        help="share channels with all hubs on this NATS server, as in nats://bus.example:4222",
    )
    for name, text in (
        ("ca", "whose certificates are believed, instead of the system's"),
        ("cert", "certificate to show where it is asked for"),
        ("key", "its key, if that is not in it"),
    ):
        group.add_argument(
            f"--upstream-{name}", type=Path, metavar="FILE", help=f"for wss upstreams: {text}"
        )


def _add_publishing(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--rtmp",
        type=rtmp_port,
        metavar="PORT",
        help="port for publishers by RTMP, or off (1935, where something can be published)",
    )
    group.add_argument(
        "--new-channels",
        action="store_true",
        help="publishers may make channels that are not there, if their key allows it",
    )


def _serve(options: argparse.Namespace) -> int:
    with _without_certificates():
        from televise.dialects import parse_dialect
        from televise.hub.nats_connection import parse_nats
        from televise.hub.policy import Policy
        from televise.hub.upstream import parse_upstream
        from televise.runner import run
        from televise.settings import Settings
        from televise.web.proxies import parse_network
        from televise.web.security import check_origin

    specs = [parse_source(text) for text in options.sources or _default(options)]
    upstreams = [parse_upstream(text) for text in options.upstream]
    hide_secrets([*specs, *([parse_nats(options.bus)] if options.bus else [])])
    for upstream in upstreams:
        hide_token(upstream.token)
    _check_sources(specs)
    _check_trust(options)
    replay = options.replay or Policy().replay_seconds
    settings = Settings(
        host=options.host,
        port=options.port,
        origins=[check_origin(origin) for origin in options.origin],
        max_viewers=options.max_viewers,
        max_viewers_per_address=options.max_viewers_per_address,
        dialects=[parse_dialect(text) for text in options.dialect],
        policy=Policy(replay, keep_open=options.replay is not None),
        key_file=options.key_file,
        private=options.private,
        certificate=_certificate(options),
        upstream_context=_upstream_context(options),
        proxies=[parse_network(text) for text in options.trusted_proxy],
        new_channels=options.new_channels,
        rtmp_port=options.rtmp,
        upstreams=upstreams,
        bus=options.bus,
    )
    return run(specs, settings)


def _check_trust(options: argparse.Namespace) -> None:
    """Nobody shows pictures to a network without having said so."""
    from televise.web.security import is_loopback

    if not is_loopback(options.host) and not (options.private or options.insecure):
        raise InputError(
            f"--host {options.host} lets everybody in your network watch: add --private, so that "
            "they need a key, or --insecure if that is what you want"
        )
    for needed, given in (("tls_cert", "tls_key"), ("tls_cert", "tls_client_ca")):
        _check_together(options, needed, given)
    _check_together(options, "upstream_cert", "upstream_key")


def _check_together(options: argparse.Namespace, needed: str, given: str) -> None:
    if getattr(options, given) and not getattr(options, needed):
        first, second = (f"--{each.replace('_', '-')}" for each in (given, needed))
        raise InputError(f"{first} is for a certificate: add {second} FILE")


def _certificate(options: argparse.Namespace) -> "Certificate | None":
    from televise.web.certificate import Certificate

    if options.tls_cert is None:
        return None
    return Certificate(options.tls_cert, options.tls_key, options.tls_client_ca)


def _upstream_context(options: argparse.Namespace) -> "ssl.SSLContext | None":
    from televise.web.certificate import client_context

    if options.upstream_ca is None and options.upstream_cert is None:
        return None
    return client_context(options.upstream_ca, options.upstream_cert, options.upstream_key)


def _default(options: argparse.Namespace) -> list[str]:
    """Where nothing is given, there is something to see nevertheless."""
    return [] if options.upstream or options.bus or options.new_channels else ["demo=pattern:"]


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


def _check_sources(specs: Sequence[SourceSpec]) -> None:
    """What can be said of them before anything is opened."""
    for spec in specs:
        if spec.kind == "file":
            _check_file(spec.text)
    if sum(spec.kind == "stdin" for spec in specs) > 1:
        raise InputError("there is only one standard input: give '-' once")


def _check_file(path: str) -> None:
    try:
        directory = stat.S_ISDIR(Path(path).stat().st_mode)
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file, and it is no other source that is known"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror}; give a media file") from None
    if directory:
        raise InputError(f"{path}: is a directory; give a media file")
