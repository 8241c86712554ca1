"""What is in the packages that are uploaded."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

BUNDLE = {"assets/televise.js", "assets/televise-publish.js", "assets/televise.css"}
# The rest of a checkout is large, or it is no part of a package.
NOT_COPIED = shutil.ignore_patterns(".*cache*", ".git", ".venv", "node_modules", "dist", "tests")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist; they are made of a copy of this checkout."""
    folder = tmp_path_factory.mktemp("packages")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=NOT_COPIED)
    # Something that must stay out.
    Path(checkout, "tests").mkdir()
    Path(checkout, "tests/test_nothing.py").touch()
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    finished = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(packages: Path) -> set[str]:
    """The names of the files in the wheel."""
    with zipfile.ZipFile(next(packages.glob("*.whl"))) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist(packages: Path) -> set[str]:
    """The names of the files in the sdist, without its folder."""
    with tarfile.open(next(packages.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_wheel_has_the_package_and_nothing_else(wheel: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel}
    assert "televise" in tops
    assert [top for top in tops if not top.startswith("televise")] == []


def test_wheel_has_player_types_and_licence(wheel: set[str]) -> None:
    assert {f"televise/{name}" for name in BUNDLE} <= wheel
    assert "televise/py.typed" in wheel
    assert [name for name in wheel if name.endswith(".dist-info/licenses/LICENSE")]


def test_wheel_has_every_module(wheel: set[str]) -> None:
    source = ROOT / "src"
    modules = {path.relative_to(source).as_posix() for path in source.glob("televise/**/*.py")}
    assert modules - wheel == set()


def test_sdist_can_be_built_without_node_and_has_the_players_source(sdist: set[str]) -> None:
    assert {f"src/televise/{name}" for name in BUNDLE} <= sdist
    wanted = {"pyproject.toml", "hatch_build.py", "LICENSE", "README.md", "src/televise/py.typed"}
    assert wanted | {"player/package.json", "player/src/index.ts"} <= sdist


def test_sdist_has_no_tests_and_no_dependencies(sdist: set[str]) -> None:
    unwanted = ("tests/", "player/test/", "player/node_modules/", "player/build/", "docs/")
    assert [name for name in sdist if name.startswith(unwanted)] == []
