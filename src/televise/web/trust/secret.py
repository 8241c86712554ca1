"""Secret: what signs keys, in a file that only its owner can read, made when it is needed."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

from televise.errors import InputError


def default_path() -> Path:
    """Where the secret is, unless somebody says otherwise (XDG Base Directory Specification)."""
    if path := os.environ.get("TELEVISE_KEY_FILE"):
        return Path(path)
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "televise" / "key"


def load_secret(path: Path) -> bytes:
    """The secret in the file at ``path``, which is made if there is none. InputError."""
    return _read(path) or _create(path)


def check_secret(path: Path) -> None:
    """InputError where the file at ``path`` is there, and is no secret."""
    _read(path)


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except FileNotFoundError:
        return b""
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: the key file cannot be read: {reason}") from None
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
