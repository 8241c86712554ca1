"""Live pictures from anything to every browser."""

from televise.errors import TeleviseError

__all__ = ["TeleviseError", "__version__"]

__version__ = "0.1.0"
