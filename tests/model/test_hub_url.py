"""Where a hub is, as people write it."""

import pytest

from televise.errors import InputError
from televise.model.hub_url import parse_hub_url


@pytest.mark.parametrize(
    ("text", "http", "ws", "port"),
    [
        ("http://hub", "http://hub", "ws://hub", 80),
        ("https://hub/", "https://hub", "wss://hub", 443),
        ("ws://hub:8080/tv/cam", "http://hub:8080/tv/cam", "ws://hub:8080/tv/cam", 8080),
        ("wss://[::1]:8443/cam/", "https://[::1]:8443/cam", "wss://[::1]:8443/cam", 8443),
    ],
)
def test_it_is_one_place_however_it_is_written(text: str, http: str, ws: str, port: int) -> None:
    url = parse_hub_url(text, "")
    assert (url.http, url.ws, url.port) == (http, ws, port)
    assert url.websocket == text.startswith("ws")


def test_the_key_is_kept_apart() -> None:
    url = parse_hub_url("ws://hub:8080/cam?w=320&token=s3cr3t&fps=5", "")
    assert url.token == "s3cr3t"
    assert url.query == (("w", "320"), ("fps", "5"))
    assert "s3cr3t" not in repr(url) + url.http + url.ws


@pytest.mark.parametrize(
    "text",
    [
        *(
            "hub",
            "http://",
            "ftp://hub",
            "http://hub:0",
            "http://hub:99999",
            "http://[::1",
            "//hub",
        ),
        *(
            "",
            "http://x y",
            "http://x/y z",
            "http://a\tb",
            "http://a..b",
            "http://.a",
            "http://a<b",
        ),
    ],
)
def test_what_is_none_is_told_with_what_would_be_right(text: str) -> None:
    with pytest.raises(InputError, match="write it as in ws://hub:8080"):
        parse_hub_url(text, "ws://hub:8080")


def test_no_secret_is_told() -> None:
    with pytest.raises(InputError) as caught:
        parse_hub_url("http://me:s3cr3t@hub/cam?token=s3cr3t", "http://hub/cam")
    assert "s3cr3t" not in str(caught.value)
