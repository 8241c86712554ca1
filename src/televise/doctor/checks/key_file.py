"""The secret that signs keys: there for its owner alone."""

import os
import stat
from pathlib import Path

from televise.doctor.finding import Finding, ok, wrong
from televise.web.trust.secret import default_path

NAME = "key file"


async def examine() -> list[Finding]:
    """The one that `televise serve` and `televise token` of this user have in common."""
    return [of_file(default_path())]


def of_file(path: Path) -> Finding:
    """Whether it can be used, and by nobody else."""
    try:
        status = path.stat()
        path.open("rb").close()
    except FileNotFoundError:
        return _to_be_made(path)
    except OSError as error:
        return wrong(f"{path} cannot be read: {error.strerror}", f"chown {_user()} {path}")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        return wrong(f"{path}: others can read it, and make keys", f"chmod 600 {path}")
    return ok(f"{path} is for its owner alone")


def _to_be_made(path: Path) -> Finding:
    folder = next(each for each in path.absolute().parents if each.exists())
    if os.access(folder, os.W_OK):
        return ok(f"{path} is made when it is needed")
    return wrong(
        f"{path} is not there and cannot be made: {folder} is not to be written in",
        "name another with TELEVISE_KEY_FILE or --key-file",
    )


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "the user of televise"
