"""The options for connections to another hub by TLS: whom to believe there, and what to show."""

import argparse
from pathlib import Path
from ssl import SSLContext

from televise.errors import InputError

_OPTIONS = {
    "ca": "whose certificates are believed, instead of the system's",
    "cert": "certificate to show where it is asked for",
    "key": "its key, if that is not in it",
}


def add(group: "argparse._ActionsContainer") -> None:
    """Make them known: ``--upstream-ca`` and so on."""
    for name, text in _OPTIONS.items():
        group.add_argument(
            f"--upstream-{name}", type=Path, metavar="FILE", help=f"for wss and https: {text}"
        )


def context(options: argparse.Namespace) -> SSLContext:
    """What they say. InputError."""
    from televise.web.trust.certificate import client_context

    authority, certificate, key = (getattr(options, f"upstream_{each}") for each in _OPTIONS)
    if key is not None and certificate is None:
        raise InputError("--upstream-key is for a certificate: add --upstream-cert FILE")
    return client_context(authority, certificate, key)
