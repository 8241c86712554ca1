"""``televise``, and ``python -m televise``."""

import io
import os
import signal
import sys

# Those that run until they are stopped: for them that is no failure.
_ENDLESS = ("serve", "push")
INTERRUPTED = 130


def main() -> int:
    """Run what was typed; returns the exit code. Ctrl+C needs no words, not even while Python still
    reads our modules, which it does for most of the start; a command that has something to end or
    to tell hears it by itself."""
    code = 0 if sys.argv[1:] and sys.argv[1] in _ENDLESS else INTERRUPTED
    signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    _print_anything()
    from televise.cli import main as run

    try:
        return run()
    except KeyboardInterrupt:
        return code


def _print_anything() -> None:
    """A letter that the terminal does not have, or a byte that is none, is shown as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
