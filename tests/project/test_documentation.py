"""The reference pages name everything that there is: nothing is added without its documentation."""

import argparse
import inspect
import re
from collections.abc import Iterable, Iterator

import televise
from televise import errors
from televise.cli import build_parser
from televise.model.allowed import ALLOWED
from televise.sources import SCHEMES
from tests.conftest import ROOT

REFERENCE = ROOT / "docs" / "reference"


def test_commands_and_options() -> None:
    """Those of limits follow from the names on the page of limits."""
    options = set(_options(build_parser()))
    limits = {f"--max-{name.replace('_', '-')}" for name in _limits()}
    assert {option for option in options if option.startswith("--max-")} == limits
    assert _missing("commands.md", options - limits) == []


async def test_urls() -> None:
    """Each route of the web application; a channel's name is `cam` in the documentation."""
    from televise.server import Server
    from televise.settings import Settings
    from televise.web.trust.security import Gate

    server = Server([], Settings())
    app = server.make_app(Gate("127.0.0.1", 8080, []))
    urls = {resource.canonical.replace("{name}", "cam") for resource in app.router.resources()}
    assert len(urls) > 5
    # `/assets/{file}`: each file has its own line.
    assert _missing("urls.md", (url.partition("{")[0] for url in urls)) == []


def test_limits() -> None:
    """Each with what it is if nothing is said, and what it may be."""
    rows = _limits()
    assert list(rows) == list(ALLOWED)
    for name, allowed in ALLOWED.items():
        usual, may_be, *_ = (cell.strip() for cell in rows[name].split("|"))
        assert usual.split(" (")[0] == (allowed.how or str(allowed.usual))
        most = f"{allowed.least} to {allowed.most}"
        assert may_be in (most, f"from {allowed.least}")
        assert (may_be == most) == ("from" in allowed.right)


def test_source_schemes() -> None:
    assert _missing("sources.md", SCHEMES) == []


def test_exceptions() -> None:
    names = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    ]
    assert len(names) > 5
    assert _missing("errors.md", names) == []


def test_python_names() -> None:
    assert _missing("python.md", televise.__all__) == []


def _limits() -> dict[str, str]:
    """The names on the page of limits, and what stands behind each."""
    return dict(re.findall(r"^\| `(\w+)` \| (.+)$", (REFERENCE / "limits.md").read_text(), re.M))


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every command and every long option, those of subcommands too."""
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"{parser.prog} {name}"
                yield from _options(command)


def _missing(page: str, names: Iterable[str]) -> list[str]:
    """The names that do not stand on a page as whole words."""
    text = (REFERENCE / page).read_text()
    return sorted({name for name in names if not re.search(_whole(name), text)})


def _whole(name: str) -> str:
    if not re.search(r"\w", name):
        return re.escape(f"`{name}`")
    # `--port` is not named by `--port-range`, nor `/cam` by `/cam.mjpg`.
    end = "" if name.endswith(("/", ":")) else r"(?![\w.-]*\w)"
    return r"(?<![\w.-])" + re.escape(name) + end
