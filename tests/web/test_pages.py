"""The pages: what they offer, and that nothing in them breaks out of its place or of the CSP."""

import re
from html.parser import HTMLParser

import pytest

from televise.web.pages import (
    ChannelCard,
    index_page,
    locked_page,
    missing_page,
    not_for_publishing_page,
    publish_page,
    watch_page,
)

CAM = ChannelCard("cam", "live", "", 3)
DOOR = ChannelCard("door", "offline", "camera unplugged", 1)
HOSTILE = ChannelCard('"><script>alert(1)</script>', '"live', "<b>bold</b>", 0)

PAGES = {
    "index": index_page([CAM, DOOR]),
    "empty": index_page([]),
    "watch": watch_page(CAM),
    "missing": missing_page("attic", [CAM, DOOR]),
    "publish": publish_page("cam"),
    "hostile publish": publish_page(HOSTILE.name),
    "not for publishing": not_for_publishing_page("cam", "<b>"),
    "hostile index": index_page([HOSTILE]),
    "hostile watch": watch_page(HOSTILE, '"><script>alert(1)</script>'),
    "hostile missing": missing_page(HOSTILE.name, [HOSTILE]),
}

VOID = {"meta", "link", "img"}


class Outline(HTMLParser):
    """Collects the elements of a page, and complains about those that are not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline_script = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.inline_script += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=list(PAGES.values()), ids=list(PAGES))
def outline(request: pytest.FixtureRequest) -> Outline:
    return Outline(request.param)


def test_every_element_is_closed(outline: Outline) -> None:
    assert outline.open == []


def test_nothing_is_inline(outline: Outline) -> None:
    assert outline.inline_script == ""
    assert outline.all("style") == []
    attributes = [name for _, present in outline.elements for name in present]
    assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_only_our_own_script_runs(outline: Outline) -> None:
    scripts = [str(script["src"]).removeprefix("../") for script in outline.all("script")]
    assert scripts in (["assets/televise.js"], ["assets/televise-publish.js"])


def test_every_page_fits_a_phone_and_has_one_headline(outline: Outline) -> None:
    assert any(meta.get("name") == "viewport" for meta in outline.all("meta"))
    assert len(outline.all("h1")) == 1


def test_identifiers_are_unique_and_buttons_find_their_text(outline: Outline) -> None:
    identifiers = [present["id"] for _, present in outline.elements if "id" in present]
    assert len(identifiers) == len(set(identifiers))
    assert {each["data-copy"] for each in outline.all("button") if "data-copy" in each} <= set(
        identifiers
    )


def test_index_shows_every_channel_small_and_linked() -> None:
    outline = Outline(PAGES["index"])
    assert [link["href"] for link in outline.all("a")] == ["cam", "door", "topology"]
    first = outline.all("tele-vision")[0]
    assert (first["src"], first["rung"]) == ("cam?w=320&fps=5", "mjpeg")
    assert re.search(r'data-state="offline">Offline<', PAGES["index"])
    assert "3 viewers" in PAGES["index"]
    assert "1 viewer<" in PAGES["index"]


def test_index_without_channels_says_how_to_start_one() -> None:
    assert "televise serve" in PAGES["empty"]


def test_watch_page_plays_and_offers_the_streams() -> None:
    outline = Outline(PAGES["watch"])
    player = outline.all("tele-vision")[0]
    assert player["src"] == "cam"
    assert "controls" in player
    addresses = {link["href"] for link in outline.all("a")}
    assert {"cam.mjpg", "cam.mp4", "cam.jpg"} <= addresses


def test_watch_page_moves_without_javascript() -> None:
    assert re.search(r'<noscript><img src="cam.mjpg" alt="[^"]+"></noscript>', PAGES["watch"])
    assert re.search(r'<noscript><p [^>]+>[^<]+<a href="cam.gif">', PAGES["watch"])


def test_watch_page_plays_what_its_query_asks_for() -> None:
    page = watch_page(CAM, "w=320&fps=5")
    outline = Outline(page)
    assert outline.all("tele-vision")[0]["src"] == "cam?w=320&fps=5"
    assert outline.all("img")[0]["src"] == "cam.mjpg?w=320&fps=5"
    assert "cam.gif?w=320&fps=5" in [link["href"] for link in outline.all("a")]


def test_watch_page_says_why_a_channel_is_not_live() -> None:
    assert "camera unplugged" in watch_page(DOOR)


def test_missing_page_offers_what_is_live() -> None:
    outline = Outline(PAGES["missing"])
    assert [link["href"] for link in outline.all("a")] == ["./", "cam"]
    assert "attic" in PAGES["missing"]
    assert "Nothing is live" in missing_page("attic", [DOOR])


def test_what_is_to_be_published_has_a_link_to_that() -> None:
    assert 'href="live/publish"' in watch_page(
        ChannelCard("live", "offline", "", 0, publishable=True)
    )
    assert "/publish" not in watch_page(CAM)


@pytest.mark.parametrize(
    ("reason", "channel"),
    [
        ("this key does not allow to view all channels", "'*'"),
        ("a key is needed: televise token", "CHANNEL"),
    ],
)
def test_the_key_that_is_missing_is_named(reason: str, channel: str) -> None:
    assert f"televise token {channel} --can view" in locked_page(reason)
