"""T5: no spelling of a path reaches a file that was not meant, nor does a link in a directory."""

import io
from urllib.parse import quote

import PIL.Image
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.victim import CANARY, Victim
from tests.support.waiting import wait_until

RED, BLUE = (255, 0, 0), (0, 0, 255)
BEGINNINGS = ["", "/", "/assets/", "/cam/", "/folder/", "/api/channels/", "/folder.jpg/", "//", "/\\"]
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
    assert answer.status in (400, 403, 404, 421), (path, answer.head)
    said = answer.head.encode("latin-1") + answer.body
    assert CANARY.encode() not in said
    assert victim.folder.joinpath("key").read_bytes().strip() not in said
    assert b"\nX-Evil" not in said


def test_a_link_among_pictures_is_not_followed(victim: Victim) -> None:
    """A picture outside of the directory, to which a link leads from within; and the same picture
    when it is really there, which shows that it was looked at."""
    frames, secret = victim.folder / "frames", victim.folder / "secret.png"
    PIL.Image.new("RGB", (32, 32), BLUE).save(secret)
    put(frames, "1.png", RED)
    wait_until(lambda: colour(victim) == "red")
    (frames / "2.png").symlink_to(secret)
    (frames / "3.png").symlink_to("../secret.png")
    (frames / "4").symlink_to(victim.folder)
    put(frames, "5.png", RED)
    for _ in range(5):
        assert colour(victim) == "red"
    secret.rename(frames / "6.png")
    wait_until(lambda: colour(victim) == "blue")


def put(folder: object, name: str, rgb: tuple[int, int, int]) -> None:
    PIL.Image.new("RGB", (32, 32), rgb).save(f"{folder}/{name}")


def colour(victim: Victim) -> str:
    """That of the newest picture of the directory."""
    answer = victim.ask("/folder.jpg")
    if answer.status != 200:
        return ""
    pixel = PIL.Image.open(io.BytesIO(answer.body)).convert("RGB").getpixel((16, 16))
    assert isinstance(pixel, tuple)
    return "red" if pixel[0] > 200 else "blue" if pixel[2] > 200 else ""
