"""Python, and whether the player was built."""

import platform
import sys
from importlib.resources import files

import televise
from televise.doctor.finding import Finding, ok, wrong

NAME = "python"
OLDEST = (3, 11)
_BUNDLE = "televise.js"


async def examine() -> list[Finding]:
    """Versions, and the files that browsers need."""
    return [_version(sys.version_info[:3]), *_player()]


def _version(version: tuple[int, ...]) -> Finding:
    shown = ".".join(map(str, version))
    if version < OLDEST:
        return wrong(f"Python {shown} is too old", "install Python 3.11 or newer")
    return ok(f"televise {televise.__version__}, Python {shown}, {platform.platform(terse=True)}")


def _player() -> list[Finding]:
    if files("televise").joinpath("assets", _BUNDLE).is_file():
        return []
    return [wrong("the player was not built: pages stay empty", "python hatch_build.py, or pip")]
