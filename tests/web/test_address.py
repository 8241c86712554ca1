"""Where people find a server, on this machine and on others."""

import pytest

from televise.web import address
from televise.web.address import Address


@pytest.mark.parametrize(
    ("host", "secure", "url"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:8080"),
        ("192.0.2.7", True, "https://192.0.2.7:8080"),
        ("::1", False, "http://[::1]:8080"),
        ("0.0.0.0", False, "http://127.0.0.1:8080"),
        ("::", True, "https://127.0.0.1:8080"),
    ],
)
def test_on_this_machine(host: str, secure: bool, url: str) -> None:
    assert Address(host, secure=secure).here(8080) == url


@pytest.mark.parametrize(
    ("host", "own", "url"),
    [
        ("0.0.0.0", "192.0.2.7", "http://192.0.2.7:8080"),
        ("::", "192.0.2.7", "http://192.0.2.7:8080"),
        ("0.0.0.0", "", ""),
        ("127.0.0.1", "192.0.2.7", ""),
        ("198.51.100.1", "192.0.2.7", ""),
    ],
)
def test_on_other_machines(monkeypatch: pytest.MonkeyPatch, host: str, own: str, url: str) -> None:
    """'' where that is the same address, or none that is known."""
    monkeypatch.setattr(address, "_own_address", lambda: own)
    assert Address(host, secure=False).elsewhere(8080) == url
