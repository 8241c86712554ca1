"""T5: no spelling of a path reaches a file that was not meant, nor does a link in a directory."""

import io
from pathlib import Path
from urllib.parse import quote

import PIL.Image
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.victim import CANARY, Victim
from tests.support.waiting import wait_until

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BEGINNINGS = [
    "",
    "/",
    "/assets/",
    "/cam/",
    "/folder/",
    "/api/channels/",
    "/folder.jpg/",
    "//",
    "/\\",
]
UPWARDS = ["..", "%2e%2e", ".%2e", "%252e%252e", "..;", "%c0%ae%c0%ae", "．．", ".", ""]
SLASHES = ["/", "%2f", "%252f", "\\", "%5c", "//", "/./", "%c0%af"]
ENDS = ["", "%00", "%00.jpg", "?", "#", "/", ".mp4", ";.jpg", "%0d%0aX-Evil:1", "::$DATA"]
SCHEMES = ["", "file://", "file:", "http://127.0.0.1/"]


@st.composite
def spellings(draw: st.DrawFn, folder: str) -> str:
    """One of the ways to ask for the canary in ``folder``."""
    up, slash = draw(st.sampled_from(UPWARDS)), draw(st.sampled_from(SLASHES))
    climb = (up + slash) * draw(st.integers(0, 12))
    target = draw(st.sampled_from(["/canary.txt", "/key", "/log"]))
    path = (folder + target).strip("/").replace("/", slash)
    scheme = draw(st.sampled_from(SCHEMES))
    return draw(st.sampled_from(BEGINNINGS)) + scheme + climb + path + draw(st.sampled_from(ENDS))


@settings(max_examples=80)
@given(data=st.data())
def test_no_spelling_reaches_a_file(attacked_hub: Victim, data: st.DataObject) -> None:
    assert attacked_hub.canary.read_text() == CANARY
    path = data.draw(spellings(str(attacked_hub.folder)))
    sent = path.encode().decode("latin-1")
    assert_kept(attacked_hub, sent)
    assert_kept(attacked_hub, "/" + quote(sent, safe=""))


def assert_kept(victim: Victim, path: str) -> None:
    answer = victim.ask(path)
    # `file://x/` is our first page: what stands before a path is no part of it.
    assert answer.status in (200, 400, 403, 404, 421), (path, answer.head)
    said = answer.head.encode("latin-1") + answer.body
    assert CANARY.encode() not in said
    assert victim.folder.joinpath("key").read_bytes().strip() not in said
    assert b"\nX-Evil" not in said


def test_a_link_among_pictures_is_not_followed(victim: Victim) -> None:
    """Red is in the directory; blue is outside of it, and three links lead there, which are newer;
    green comes after them, and shows that they have been looked at."""
    frames, secret = victim.folder / "frames", victim.folder / "secret.png"
    put(frames / "1.png", RED)
    wait_until(lambda: victim.ask("/folder.jpg").status == 200)
    assert colour(victim) == RED
    put(secret, BLUE)
    (frames / "2.png").symlink_to(secret)
    (frames / "3.png").symlink_to("../secret.png")
    (frames / "4").symlink_to(victim.folder)
    put(frames / "5.png", GREEN)
    seen = {RED}

    def is_green() -> bool:
        seen.add(newest := colour(victim))
        return newest == GREEN

    wait_until(is_green)
    assert seen == {RED, GREEN}
    put(frames / "6.png", BLUE)
    wait_until(lambda: colour(victim) == BLUE)


def put(path: Path, pixel: tuple[int, int, int]) -> None:
    PIL.Image.new("RGB", (32, 32), pixel).save(path)


def colour(victim: Victim) -> tuple[int, int, int]:
    """That of the newest picture of the directory."""
    answer = victim.ask("/folder.jpg")
    assert answer.status == 200, answer
    pixel = PIL.Image.open(io.BytesIO(answer.body)).convert("RGB").getpixel((16, 16))
    assert isinstance(pixel, tuple)
    red, green, blue = (255 if value > 127 else 0 for value in pixel)
    return red, green, blue
