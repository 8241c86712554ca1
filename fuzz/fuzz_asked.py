"""Fuzz what stands in URLs and headers: queries, and keys, whoever has signed them."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import Forbidden, InputError, Unauthorized
    from televise.model.rendition import AUDIO_CODECS, VIDEO_CODECS, Rendition
    from televise.web.past import parse_past
    from televise.web.query import parse_query
    from televise.web.trust.keys import MAX_TIME, Grant, Keys

from fuzz.harness import changed, fuzz

SECRET = b"0123456789abcdef" * 4
KEYS = Keys(Path("unused"))
KEYS._secret = SECRET
HEADER = {"alg": "HS256", "typ": "JWT"}
CLAIMS: dict[str, Any] = {
    "aud": "televise",
    "sub": "cam",
    "can": "view",
    "exp": 4_000_000_000,
    "until": 4_000_000_000,
    "jti": "0123456789ab",
}
QUERIES = (
    "w=640&h=360&fps=12.5&q=70&bitrate=1.5M&colors=64&dither=1&max_latency=300ms&burst=1s",
    "video=h264&token=abc",
)
PASTS = ("t=-8s&d=8s", "t=-300ms", "timestamp=1767225600.5&d=500ms")


def target(data: bytes) -> None:
    """The first byte says what the rest is."""
    way, rest = data[:1], data[1:]
    text = rest.decode(errors="replace")
    try:
        if way < b"\x40":
            ask(text)
        elif way < b"\x80":
            past = parse_past(dict(parse_qsl(text)))
            assert past is None or 0 <= past.ago < 1e6 > past.length >= 0
        elif way < b"\xa0":
            check(text)
        elif way < b"\xc0":
            check(signed(rest))
        else:
            check(signed(json.dumps(changed(CLAIMS, rest)).encode()))
    except (InputError, Unauthorized, Forbidden) as error:
        told = str(error)
    else:
        told = ""
    assert told.isprintable(), "it is one line of an answer"


def ask(text: str) -> None:
    """Whatever is asked for, it is one of those that there are."""
    query = parse_query(text)
    assert query.max_latency is None or 0 <= query.max_latency < 1e6
    for video in VIDEO_CODECS:
        rendition = query.rendition(video, AUDIO_CODECS[0])
        assert Rendition.from_json(rendition.to_json()) == rendition


def check(token: str) -> None:
    """What it gives can be given to a browser, to look and for nothing else."""
    grant = KEYS.verify(token)
    assert 0 <= grant.until <= MAX_TIME
    assert isinstance(grant, Grant)
    assert KEYS.verify(KEYS.session(grant)) == replace(grant, can="view", take_over=False)


def signed(claims: bytes) -> str:
    """A key that says this."""
    head = b".".join(map(coded, (json.dumps(HEADER).encode(), claims)))
    return (head + b"." + coded(hmac.new(SECRET, head, hashlib.sha256).digest())).decode()


def coded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def seeds() -> list[bytes]:
    claims = [CLAIMS, CLAIMS | {"can": "publish", "takeover": True}, CLAIMS | {"viewers": 5}]
    said = [json.dumps(each).encode() for each in claims]
    return [
        *(b"\x00" + each.encode() for each in QUERIES),
        *(b"\x40" + each.encode() for each in PASTS),
        *(b"\x80" + signed(each).encode() for each in said),
        *(b"\xa0" + each for each in said),
        *(b"\xc0" + bytes([number, 6]) for number in range(len(CLAIMS))),
    ]


if __name__ == "__main__":
    fuzz(target, seeds())
