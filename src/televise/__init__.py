"""Live pictures from anything to every browser."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from televise.errors import TeleviseError

if TYPE_CHECKING:
    from televise.program.asgi import asgi
    from televise.program.channel import Channel
    from televise.program.input import Click, Key
    from televise.program.remote import connect
    from televise.program.server import Server
    from televise.program.show import show, wait
    from televise.program.watch import watch

__all__ = [
    "Channel",
    "Click",
    "Key",
    "Server",
    "TeleviseError",
    "__version__",
    "asgi",
    "connect",
    "show",
    "wait",
    "watch",
]

__version__ = "0.1.0"

# Each is imported when it is asked for: most programs need one of them, and the hub needs none.
_WHERE = {
    "Channel": "televise.program.channel",
    "Click": "televise.program.input",
    "Key": "televise.program.input",
    "Server": "televise.program.server",
    "asgi": "televise.program.asgi",
    "connect": "televise.program.remote",
    "show": "televise.program.show",
    "wait": "televise.program.show",
    "watch": "televise.program.watch",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'televise' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
