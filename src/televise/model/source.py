"""SourceSpec: what a user types for a source, understood without opening it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from televise.errors import InputError
from televise.model import options
from televise.model.name import check_name, derive_name

PULL_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt", "udp")
# Before a URL that somebody else than the operator named: only public addresses are fetched.
_GUARDED = "guarded"
_GUARDED_SCHEMES = ("http://", "https://")
# scheme: kind, default name of the channel ('' for that of the path), check of what follows
_SCHEMES: dict[str, tuple[str, str, Callable[[str], object]]] = {
    "pattern": ("pattern", "pattern", options.parse_pattern),
    "dir": ("directory", "", options.parse_directory),
    "device": ("device", "", options.parse_device),
    "picamera": ("picamera", "picamera", options.parse_camera),
    "screen": ("screen", "screen", options.parse_screen),
    "publish": ("publish", "live", lambda text: _bare(text, "publish:")),
    "frames": ("frames", "frames", lambda text: None),
}
# In a path that is written as a query is, as cameras have it: /user=admin&password=1234&channel=1.
_SECRET = re.compile(r"\b(user|usr|login|auth|pass\w*|pwd|key|token|secret)=[^/&;]*", re.IGNORECASE)
# What stands in front of the last part of a path.
_FOLDERS = re.compile(r"(dir:)?([^?]*[/\\])(?=[^?/\\])")
_OF_FILES = ("file", "directory", "directories")
SCHEMES = (*(f"{name}:" for name in _SCHEMES), "-", *(f"{scheme}://" for scheme in PULL_SCHEMES))
# Those that no path of a file is likely to end with.
_MARKED = tuple(each for each in SCHEMES if each != "-")
_KNOWN = "a file, " + ", ".join(SCHEMES)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as typed; ``shown`` hides passwords. ``guarded`` sources come from strangers: they
    may be at public addresses, and in these ``networks``.

    ``kind`` is pattern, file, stdin, pull, publish, frames, directory, device, picamera, screen, or
    directories: one channel for each sub-directory (``dir:PATH/*``), whose ``name`` may be ''.
    """

    kind: str
    text: str = field(repr=False)
    name: str
    shown: str
    guarded: bool = False
    networks: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """That of a ``pull`` source."""
        return self.text.partition("+")[2] if self.guarded else self.text

    @property
    def public(self) -> str:
        """What anybody may know of it."""
        return self.publish(self.shown)

    def publish(self, text: str) -> str:
        """What anybody may know of a ``text`` about it: where files lie on this machine is the
        operator's business."""
        found = _FOLDERS.match(self.shown) if self.kind in _OF_FILES else None
        return text.replace(found[2], "") if found else text

    @property
    def stays_open(self) -> bool:
        """Whether it cannot be opened again, or whoever sends must find it open."""
        waits = self.kind in ("stdin", "publish", "frames")
        return waits or (self.kind == "pull" and listens(self.text))


def parse_source(argument: str) -> SourceSpec:
    """Understand ``[NAME=]SOURCE``; InputError where it cannot be one."""
    name, text = _split_name(argument)
    kind, default_name, shown = _classify(text)
    if kind != "directories" or name:
        name = check_name(name) if name else derive_name(default_name)
    return SourceSpec(kind, text, name, shown)


def parse_guarded(argument: str, networks: Sequence[str] = ()) -> SourceSpec:
    """Understand ``[NAME=]URL`` of somebody who is not the operator, and lets only these
    ``networks`` be reached beside the Internet; InputError.

    Only the web can be asked for so: other protocols of FFmpeg choose their addresses themselves.
    """
    _, text = _split_name(argument)
    if not text.lower().startswith(_GUARDED_SCHEMES):
        raise InputError("only http:// and https:// may be named here")
    spec = parse_source(argument)
    text = f"{','.join((_GUARDED, *networks))}+{spec.text}"
    return replace(spec, text=text, guarded=True, networks=tuple(networks))


def parse_opened(argument: str) -> SourceSpec:
    """Understand what the hub tells a worker: ``NAME=`` and the ``text`` of a SourceSpec."""
    name, text = _split_name(argument)
    guard, _, url = text.partition("+")
    guarded, *networks = guard.split(",")
    if guarded == _GUARDED:
        return parse_guarded(f"{name}={url}", networks)
    return parse_source(argument)


def listens(url: str) -> bool:
    """Whether a URL is one to listen at: SRT without a host, or with mode=listener."""
    parts = urlsplit(url)
    mode = dict(parse_qsl(parts.query)).get("mode", "caller" if parts.hostname else "listener")
    return parts.scheme == "srt" and mode == "listener"


def _split_name(argument: str) -> tuple[str, str]:
    """``NAME=SOURCE`` in two; an '=' inside a path, query or URL belongs to the source."""
    name, equals, rest = argument.partition("=")
    if rest.startswith(_MARKED) and not any(mark in name for mark in ":?"):
        check_name(name)  # a path is no name, and a source stands behind it
    if not equals or any(mark in name for mark in ":/\\?"):
        return "", argument
    if not rest:
        raise InputError(f"{argument!r} names no source: write NAME=SOURCE, SOURCE being {_KNOWN}")
    check_name(name)
    return name, rest


def _classify(text: str) -> tuple[str, str, str]:
    """Kind, default channel name, and the text without secrets."""
    if not text:
        raise InputError(f"an empty source: use {_KNOWN}")
    if text == "-":
        return "stdin", "stdin", text
    scheme, colon, rest = text.partition(":")
    if colon and scheme in _SCHEMES:
        kind, name, check = _SCHEMES[scheme]
        check(text)
        kind = "publish" if text == "frames:" else kind  # from a program that is yet to connect
        path = PurePath(rest.partition("?")[0])
        kind = "directories" if kind == "directory" and path.name == "*" else kind
        return kind, name or path.name, text
    if "://" in text:
        return _classify_url(text)
    if colon and len(scheme) > 1 and scheme.isalnum() and not PurePath(text).suffix:
        raise InputError(f"unknown source {text!r}: use {_KNOWN}")
    return "file", PurePath(text).stem, text


def _bare(text: str, scheme: str) -> None:
    if text != scheme:
        raise InputError(f"{scheme} takes nothing behind it; name the channel as in cam={scheme}")


def _classify_url(text: str) -> tuple[str, str, str]:
    if not text.isprintable():
        raise InputError("bad URL: write %0A for the end of a line in it, %09 for a tabulator")
    try:
        url = urlsplit(text)
        host = url.hostname
        port = url.port
    except ValueError:
        # Python's own message may name a part of the password.
        raise InputError(
            "bad URL: wrong host or port; in a password write %2F %3F %23 %5B %5D for / ? # [ ]"
        ) from None
    if url.scheme not in PULL_SCHEMES:
        raise InputError(f"unknown source scheme {url.scheme}://: use {_KNOWN}")
    if "@" in url.fragment:
        raise InputError("bad URL: write %23 for a # in it")
    if not host and url.scheme in ("udp", "srt") and port:
        host = "0.0.0.0"  # where it listens
    if not host:
        raise InputError(f"{url.scheme}:// needs a host, as in {url.scheme}://camera.local/stream")
    place = f"[{host}]" if ":" in host else host
    place = place if port is None else f"{place}:{port}"
    place = f"***@{place}" if "@" in url.netloc else place
    path, name = url.path, PurePath(url.path).stem or host
    if url.scheme in ("rtmp", "rtmps"):
        # What follows the application is the stream's key, a secret at most services.
        application, slash, key = path.strip("/").partition("/")
        path, name = f"/{application}{slash}{'***' if key else ''}", host
    elif _SECRET.search(path):
        name = host if _SECRET.search(PurePath(path).name) else name
        path = _SECRET.sub(r"\1=***", path)
    shown = urlunsplit((url.scheme, place, path, "***" if url.query else "", ""))
    return "pull", name, shown
