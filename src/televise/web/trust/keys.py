"""Keys: tokens that give a right to something, signed with the one secret of this machine.

A token is a JSON Web Token (RFC 7519), always HMAC with SHA-256 (RFC 7518 section 3.2): ``sub`` is
the channel, ``can`` the right, ``exp`` until when one may come, ``until`` until when one may stay.
"""

import re
import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from televise import events
from televise.errors import Forbidden, InputError, Unauthorized, Unavailable
from televise.model.name import check_name
from televise.web.trust.revoked import FOR_EVER, Revoked
from televise.web.trust.secret import load_secret

RIGHTS = ("view", "publish", "relay", "admin")
AUDIENCE = "televise"
ALGORITHM = "HS256"
ALL = "*"
# A clock may be wrong by so much.
LEEWAY_SECONDS = 60
MAX_TOKEN_BYTES = 4096
MAX_VIEWERS = 1_000_000
# The end of the year 9999, the last that a cookie can have.
MAX_TIME = 253_402_300_799
_IDENTIFIER = re.compile(r"[0-9a-f]{12}")
# What claims that are none make of us, and of older PyJWT.
_NO_CLAIMS = (KeyError, TypeError, ValueError, OverflowError, RecursionError)
# Who manages a channel may see it, and who publishes it may know how it is.
_ENOUGH = {"view": ("view", "admin"), "know": ("view", "admin", "publish")}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token allows: ``can`` do something with ``channel``, a whole name, or the
    beginning of names with '*' behind it; '*' alone is all.

    ``take_over``: also where somebody else does it now. ``viewers``: so many at a time, 0 for any
    number. ``until``: when it ends for those who are here, in Unix seconds. ``session``: who came
    with it, where a browser remembers that.
    """

    channel: str
    can: str
    take_over: bool = False
    viewers: int = 0
    id: str = field(default="", compare=False)
    until: int = field(default=0, compare=False)
    session: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.channel != ALL:
            check_name(self.channel.removesuffix(ALL))
        if self.can not in RIGHTS:
            raise InputError(f"no such right: {self.can}; there is {', '.join(RIGHTS)}")
        if self.take_over and self.can != "publish":
            raise InputError(f"who may {self.can} takes nobody's place: that is for publish")
        if not 0 <= self.viewers <= MAX_VIEWERS:
            raise InputError(f"so many viewers: from 1 to {MAX_VIEWERS}")
        if not 0 <= self.until <= MAX_TIME:
            raise InputError("a key ends before the year 10000")

    def gives(self, can: str) -> bool:
        """Whether it is for that, with whatever channel."""
        return self.can in _ENOUGH.get(can, (can,))

    def allows(self, channel: str, can: str) -> bool:
        """Whether it is for that. The channel '*' stands for all that there may be."""
        if self.channel.endswith(ALL):
            return self.gives(can) and channel.startswith(self.channel[:-1])
        return self.gives(can) and channel == self.channel


class Keys:
    """Signs and checks tokens. The secret is in the file at ``path``, made when it is needed; those
    that are ``revoked`` are in a file beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secret = b""
        self.revoked = Revoked(_beside(path))
        self.revoked.refresh()

    def use(self, path: Path) -> None:
        """Take the secret of the file at ``path`` from now on, and what is revoked beside it."""
        if path != self._path:
            self._path, self._secret = path, b""
            self.revoked.use(_beside(path))

    def sign(self, grant: Grant, seconds: float, watch_seconds: float | None = None) -> str:
        """A token with which one may come for so many ``seconds`` from now, and then stay for
        ``watch_seconds`` from now, which is no less. InputError, also where the key file cannot be
        used."""
        now = int(time.time())
        stay = seconds if watch_seconds is None else watch_seconds
        if stay < seconds:
            raise InputError("one may stay until then, not so long after coming: no less than ttl")
        identifier = grant.id or secrets.token_hex(6)
        signed = replace(grant, id=identifier, until=now + int(stay))
        return self._encode(signed, now + int(seconds))

    def session(self, grant: Grant) -> str:
        """A token for the browser of one who came with ``grant``: it may come back until then, to
        look and for nothing else, as every server of this host is sent it."""
        visitor = replace(grant, can="view", take_over=False, session=secrets.token_hex(6))
        return self._encode(visitor, grant.until)

    def check(self, token: str, channel: str, can: str) -> Grant:
        """What ``token`` allows. Unauthorized where it is not valid, Forbidden where it is for
        something else, Unavailable where the key file cannot be used."""
        grant = self.verify(token, can)
        if not grant.allows(channel, can):
            what = "all channels" if channel == ALL else channel
            raise Forbidden(f"this key does not allow to {can} {what}")
        return grant

    def check_right(self, token: str, can: str) -> Grant:
        """The same where the channel is not known yet: it is for the caller to compare."""
        grant = self.verify(token, can)
        if not grant.gives(can):
            raise Forbidden(f"this key does not allow to {can}")
        return grant

    def verify(self, token: str, can: str = "view") -> Grant:
        """What ``token`` is for; ``can`` is what its bearer wants. Unauthorized, Unavailable."""
        if not token:
            right = _ENOUGH.get(can, (can,))[0]
            raise Unauthorized(f"a key is needed: televise token CHANNEL --can {right} makes one")
        grant = self._decode(token, self._load_for_checking())
        if grant.id in self.revoked:
            raise Unauthorized("this key has been revoked: ask for another")
        return grant

    def revoke(self, text: str) -> str:
        """Make a token, or the one with this identifier, worthless; returns its identifier."""
        identifier, until = text, FOR_EVER
        if "." in text:
            try:
                grant = self._decode(text, self._load(), expires=False)
            except Unauthorized:
                raise InputError("this is no key of this machine: nothing to revoke") from None
            identifier, until = grant.id, grant.until + 2 * LEEWAY_SECONDS
        elif not _IDENTIFIER.fullmatch(text):
            raise InputError(
                f"{text!r} is no key and no identifier, which has 12 digits, as in 0123456789ab"
            )
        self.revoked.add(identifier, until)
        return identifier

    def _encode(self, grant: Grant, expires: int) -> str:
        import jwt

        claims: dict[str, Any] = {
            "aud": AUDIENCE,
            "sub": grant.channel,
            "can": grant.can,
            "exp": expires,
            "jti": grant.id,
        }
        if grant.until != expires:
            claims["until"] = grant.until
        if grant.take_over:
            claims["takeover"] = True
        if grant.viewers:
            claims["viewers"] = grant.viewers
        if grant.session:
            claims["sid"] = grant.session
        return jwt.encode(claims, self._load(), ALGORITHM)

    def _decode(self, token: str, secret: bytes, *, expires: bool = True) -> Grant:
        import jwt

        try:
            claims = jwt.decode(
                token[:MAX_TOKEN_BYTES],
                secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "aud", "sub"], "verify_exp": expires},
            )
            return _grant(claims)
        except jwt.ExpiredSignatureError:
            raise Unauthorized("this key has expired: make another with televise token") from None
        except (jwt.InvalidTokenError, InputError, *_NO_CLAIMS):
            raise Unauthorized("this key is not valid here: see televise token") from None

    def _load_for_checking(self) -> bytes:
        """Strangers are not told where the file is."""
        try:
            return self._load()
        except InputError as error:
            events.warning("keys cannot be checked", reason=str(error))
            raise Unavailable("keys cannot be checked here: see the server's log") from None

    def _load(self) -> bytes:
        if not self._secret:
            self._secret = load_secret(self._path)
        return self._secret


def _beside(path: Path) -> Path:
    """Where the revoked keys are."""
    return path.with_name(f"{path.name}.revoked")


def bearer_of(request: web.Request) -> str:
    """The token that came in a request's header (RFC 6750), or ''."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def token_of(request: web.Request) -> str:
    """The token that came with a request: in its header, or in the query."""
    return bearer_of(request) or request.query.get("token", "")


def _grant(claims: dict[str, Any]) -> Grant:
    viewers, until = claims.get("viewers", 0), claims.get("until", claims["exp"])
    if type(viewers) is not int or type(until) is not int:
        raise ValueError("numbers that are none")
    return Grant(
        str(claims["sub"]),
        str(claims["can"]),
        claims.get("takeover") is True,
        viewers,
        str(claims.get("jti", "")),
        until,
        str(claims.get("sid", "")),
    )
