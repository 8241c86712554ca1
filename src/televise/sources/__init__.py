"""Where pictures come from, one kind per file."""

from televise.model.source import SCHEMES

__all__ = ["SCHEMES"]
