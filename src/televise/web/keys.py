"""Keys: tokens that give a right to something, signed with the one secret of this machine.

A token is a JSON Web Token (RFC 7519), always HMAC with SHA-256 (RFC 7518 section 3.2): ``sub`` is
the channel, ``can`` the right, ``exp`` when it ends.
"""

import os
import secrets
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from televise import events
from televise.errors import Forbidden, InputError, Unauthorized, Unavailable
from televise.model.name import check_name

RIGHTS = ("publish", "relay", "admin")
AUDIENCE = "televise"
ALGORITHM = "HS256"
ANY_CHANNEL = "*"
# A clock may be wrong by so much.
LEEWAY_SECONDS = 60
MAX_TOKEN_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token allows: ``can`` do something with ``channel``, or all where that is '*'.

    ``take_over``: also where somebody else does it now.
    """

    channel: str
    can: str
    take_over: bool = False

    def __post_init__(self) -> None:
        if self.channel != ANY_CHANNEL:
            check_name(self.channel)
        if self.can not in RIGHTS:
            raise InputError(f"no such right: {self.can}; there is {', '.join(RIGHTS)}")


class Keys:
    """Signs and checks tokens. The secret is in the file at ``path``, made when it is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secret = b""

    def use(self, path: Path) -> None:
        """Take the secret of the file at ``path`` from now on."""
        if path != self._path:
            self._path, self._secret = path, b""

    def sign(self, grant: Grant, seconds: float) -> str:
        """A token that is valid for so many ``seconds`` from now. InputError where the key file
        cannot be used."""
        import jwt

        now = int(time.time())
        claims = {
            "aud": AUDIENCE,
            "sub": grant.channel,
            "can": grant.can,
            "takeover": grant.take_over,
            "iat": now,
            "exp": now + int(seconds),
        }
        return jwt.encode(claims, self._load(), ALGORITHM)

    def check(self, token: str, channel: str, can: str) -> Grant:
        """What ``token`` allows. Unauthorized where it is not valid, Forbidden where it is for
        something else, Unavailable where the key file cannot be used."""
        grant = self._verify(token)
        if grant.channel not in (ANY_CHANNEL, channel) or grant.can != can:
            raise Forbidden(f"this key does not allow to {can} {channel}")
        return grant

    def check_right(self, token: str, can: str) -> Grant:
        """The same where the channel is not known yet: it is for the caller to compare."""
        grant = self._verify(token)
        if grant.can != can:
            raise Forbidden(f"this key does not allow to {can}")
        return grant

    def _verify(self, token: str) -> Grant:
        import jwt

        if not token:
            raise Unauthorized("a key is needed: televise token CHANNEL --can publish makes one")
        try:
            secret = self._load()
        except InputError as error:
            events.warning("keys cannot be checked", reason=str(error))
            raise Unavailable("keys cannot be checked here: see the server's log") from None
        try:
            claims = jwt.decode(
                token[:MAX_TOKEN_BYTES],
                secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "aud", "sub"]},
            )
            return Grant(str(claims["sub"]), str(claims["can"]), claims.get("takeover") is True)
        except jwt.ExpiredSignatureError:
            raise Unauthorized("this key has expired: make another with televise token") from None
        except (jwt.InvalidTokenError, InputError, KeyError, ValueError, RecursionError):
            raise Unauthorized("this key is not valid here: see televise token") from None

    def _load(self) -> bytes:
        if not self._secret:
            self._secret = _read(self._path) or _create(self._path)
        return self._secret


def default_path() -> Path:
    """Where the secret is, unless somebody says otherwise (XDG Base Directory Specification)."""
    if path := os.environ.get("TELEVISE_KEY_FILE"):
        return Path(path)
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "televise" / "key"


def bearer_of(request: web.Request) -> str:
    """The token that came in a request's header (RFC 6750), or ''."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def token_of(request: web.Request) -> str:
    """The token that came with a request: in its header, or in the query."""
    return bearer_of(request) or request.query.get("token", "")


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except FileNotFoundError:
        return b""
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: the key file cannot be read: {error}") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise InputError(f"{path}: others can read the key file: chmod 600 {path}")
    if len(text) < 64:
        raise InputError(f"{path}: is no key file: remove it, and another is made")
    return text.encode()


def _create(path: Path) -> bytes:
    """A new secret of 256 bits, in a file that appears complete and for its owner only."""
    secret = secrets.token_hex(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Such a file is its owner's alone.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as draft:
            draft.write(f"{secret}\n")
            draft.flush()
            os.link(draft.name, path)
    except FileExistsError:
        if theirs := _read(path):
            return theirs  # another process was faster: its secret counts
        raise InputError(f"{path}: the key file is a link to nothing: remove it") from None
    except OSError as error:
        raise InputError(f"{path}: the key file cannot be made: {error.strerror}") from None
    return secret.encode()
