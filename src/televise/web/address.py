"""Address: where a server is found by people."""

import socket

_EVERYWHERE = ("0.0.0.0", "::", "")
# A documentation address (RFC 5737): nothing is sent to it, only the way there is looked up.
_ELSEWHERE = ("192.0.2.1", 9)


class Address:
    """Of a server that listens on ``host``, and speaks TLS where it is ``secure``."""

    def __init__(self, host: str, *, secure: bool) -> None:
        self._host = host
        self._scheme = "https" if secure else "http"

    def here(self, port: int) -> str:
        """Its URL on this machine."""
        return self._url("127.0.0.1" if self._host in _EVERYWHERE else self._host, port)

    def elsewhere(self, port: int) -> str:
        """Its URL on other machines; '' where that is the same, or not known."""
        address = _own_address() if self._host in _EVERYWHERE else ""
        return self._url(address, port) if address else ""

    def _url(self, host: str, port: int) -> str:
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _own_address() -> str:
    """Of the network interface that leads elsewhere; '' where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return ""
        address = str(probe.getsockname()[0])
    return "" if address.startswith("127.") else address
