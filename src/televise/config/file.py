"""What a configuration file describes: one hub, or several nodes that know each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from televise.config import values as read
from televise.config.keys import KEYS, Values, check_known, read_keys
from televise.config.place import Place, parse_toml
from televise.errors import InputError
from televise.model.name import is_name

# What makes sense for one hub only.
_OF_ONE = ("channels", "upstreams")


@dataclass(frozen=True)
class Node:
    """A hub of the file: where it stands there, what its keys say (those for all nodes too), and
    the ``address`` by which others reach it."""

    place: Place
    values: Values
    address: str = "127.0.0.1"

    def place_of(self, key: str) -> Place:
        """Where a key of it stands: in its own table, or among those for all nodes."""
        own = self.place.at(key)
        return own if own.is_there else Place(own.file, own.text, (key,))


Nodes = Mapping[str, Node]
"""The hubs of a file by their names; '' is that of a file which describes one hub only."""


def read_file(path: Path) -> Nodes:
    """Read and check it. InputError with file, line and key."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8: save it as that") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read: {reason}") from None
    return parse_file(str(path), text.replace("\r\n", "\n"), path.absolute().parent)


def parse_file(file: str, text: str, folder: Path) -> Nodes:
    """Understand ``text``; relative paths in it begin in ``folder``. InputError."""
    table = parse_toml(file, text)
    place = Place(file, text)
    nodes = table.pop("nodes", None)
    for key in table:
        check_known(key, (*KEYS, "nodes"), place)
    values = read_keys(table, place, folder)
    if nodes is None:
        return {"": Node(place, values)}
    return _read_nodes(nodes, place, values, folder)


def _read_nodes(nodes: Any, place: Place, common: Values, folder: Path) -> dict[str, Node]:
    inside = place.at("nodes")
    if not isinstance(nodes, dict) or not nodes:
        raise inside.error("write a table for each, as in [nodes.edge]")
    if wrong := next((key for key in _OF_ONE if key in common), None):
        raise place.at(wrong).error("that is of one node: write it below [nodes.NAME]")
    return {name: _read_node(name, table, inside, common, folder) for name, table in nodes.items()}


def _read_node(name: str, table: Any, inside: Place, common: Values, folder: Path) -> Node:
    place = inside.at(name)
    if not is_name(name):
        raise place.error("name it with letters, digits, '_' or '-', as in [nodes.edge-1]")
    if not isinstance(table, dict):
        raise place.error(f"write a table, as in [nodes.{name}]")
    own = dict(table)
    address = _read_address(own.pop("address", "127.0.0.1"), place)
    for key in own:
        check_known(key, (*KEYS, "address"), place)
    return Node(place, {**common, **read_keys(own, place, folder)}, address)


def _read_address(value: Any, place: Place) -> str:
    try:
        address = read.host(value).lower()
        if not address or any(letter in address for letter in "/@?# ") or address.count(":") == 1:
            raise InputError(f'{address!r}: write a host\'s name, as in "edge.example"')
    except InputError as error:
        raise place.at("address").error(str(error)) from None
    return address
