"""What `import televise` offers, and what it must not cost."""

import subprocess
import sys

import televise

# A name that is added here is kept for ever; a name that is missing here is not public.
PUBLIC = {
    *("Channel", "Click", "Key", "Server", "TeleviseError", "__version__"),
    *("asgi", "connect", "show", "wait", "watch"),
}

HEAVY = {"av", "numpy", "aiohttp", "PIL", "simplejpeg", "structlog", "prometheus_client", "asyncio"}


def test_public_names_are_these() -> None:
    assert set(televise.__all__) == PUBLIC


def test_every_public_name_is_there() -> None:
    assert [name for name in televise.__all__ if not hasattr(televise, name)] == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert _loaded_by("import televise") == []


def test_the_command_line_answers_without_anything_heavy() -> None:
    assert _loaded_by("import televise.cli; televise.cli.build_parser()") == []


def test_the_server_needs_no_codecs() -> None:
    loaded = _loaded_by("import televise.server, televise.processes.runner")
    assert not {"av", "numpy", "PIL", "simplejpeg"} & set(loaded)


def _loaded_by(statements: str) -> list[str]:
    """Which heavy modules are there after a fresh interpreter ran the statements."""
    program = f"{statements}\nimport sys\nprint(*({HEAVY!r} & sys.modules.keys()))"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
