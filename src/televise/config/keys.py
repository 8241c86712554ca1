"""Keys: what a hub's table may have. A key is named as the option of ``televise serve`` is; those
of options that can be repeated are lists, and plural."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from televise.config import values as read
from televise.config.channels import read_channels
from televise.config.place import Place
from televise.dialects import parse_dialect
from televise.errors import InputError
from televise.hub.nats.connection import parse_nats
from televise.model.allowed import ALLOWED
from televise.web.trust.proxies import parse_network
from televise.web.trust.security import check_origin

Values = dict[str, Any]
"""What a hub's keys say, understood, by their names."""

# What is shown to those who connect here, and what is for connections from here.
TLS = ("tls_cert", "tls_key", "tls_client_ca")
CERTIFICATES = (*TLS, "upstream_ca", "upstream_cert", "upstream_key")
_READ: Mapping[str, Callable[[Any], Any]] = {
    "host": read.host,
    "port": read.port,
    "workers": read.count,
    "insecure": read.flag,
    "origins": read.each(read.named(check_origin, "--origin"), 'origins = ["https://example.org"]'),
    "dialects": read.each(
        read.named(parse_dialect, "--dialect"), 'dialects = ["mjpg_streamer=cam@8090"]'
    ),
    **{f"max_{name}": read.within(allowed) for name, allowed in ALLOWED.items()},
    "replay": read.replay,
    "rtmp": read.rtmp_port,
    "new_channels": read.flag,
    "key_file": read.text,
    "private": read.flag,
    **dict.fromkeys(CERTIFICATES, read.text),
    "trusted_proxies": read.each(
        read.named(parse_network, "--trusted-proxy"), 'trusted_proxies = ["10.0.0.0/8"]'
    ),
    "source_networks": read.each(
        read.named(parse_network, "--trusted-proxy"), 'source_networks = ["192.168.1.0/24"]'
    ),
    "upstreams": read.each(read.text, 'upstreams = ["ws://hub.example:8080"]'),
    "bus": read.named(lambda text: parse_nats(text).text, "--bus"),
}
KEYS = (*_READ, "channels")


def read_keys(table: Mapping[str, Any], place: Place, folder: Path) -> Values:
    """A hub's table. Relative paths in it begin in ``folder``. InputError."""
    values: Values = {}
    for key, value in table.items():
        check_known(key, KEYS, place)
        if key == "channels":
            values[key] = read_channels(value, place.at(key), folder)
            continue
        try:
            values[key] = _READ[key](value)
        except InputError as error:
            raise place.at(key).error(str(error)) from None
    for key in ("key_file", *CERTIFICATES):
        if key in values:
            values[key] = folder / Path(values[key])
    if "dialects" in values:
        values["dialects"] = [each.beside(folder) for each in values["dialects"]]
    return values


def check_known(key: str, known: Sequence[str], place: Place) -> None:
    """InputError where ``key`` is none of the ``known`` ones."""
    if key in known:
        return
    import difflib

    near = difflib.get_close_matches(key, known, 1)
    right = f"{near[0]} is meant?" if near else f"there is {', '.join(known)}"
    raise place.at(key).error(f"there is no such key; {right}")
