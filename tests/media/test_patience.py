"""How long bytes are taken of which nothing can be shown."""

import math

import pytest

from televise.errors import FormatError
from televise.media import patience
from televise.media.patience import Patience

RUBBISH = bytes(range(1, 256)) * 4000


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 9_000_000), (math.inf, 1000)])
def test_neither_who_is_slow_nor_who_begins_with_much_is_given_up(
    seconds: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST_SECONDS", seconds)
    monkeypatch.setattr(patience, "MOST_BYTES", most)
    waiting = Patience("mpegts", seekable=False)
    for _ in range(8):
        waiting.look(RUBBISH)


@pytest.mark.parametrize(
    ("format", "told"),
    [
        ("mpegts", "this is no MPEG-TS"),
        ("jpeg", "this is no JPEG"),
        ("", "nothing can be shown of its first 8 MB"),
    ],
)
def test_both_is_too_much(format: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "MOST_SECONDS", 0.0)
    waiting = Patience(format, seekable=False)
    for _ in range(7):
        waiting.look(RUBBISH)
    with pytest.raises(FormatError, match=told):
        waiting.look(RUBBISH)


def test_what_can_be_read_from_its_end_may_have_its_index_there() -> None:
    head = b"\0\0\0\x08ftyp\0\0\0\x08mdat"
    Patience("", seekable=True).look(head)
    with pytest.raises(FormatError, match="frag_keyframe"):
        Patience("", seekable=False).look(head)


def test_what_is_right_as_far_as_can_be_seen_may_begin_with_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A film with fonts before its pictures, say."""
    monkeypatch.setattr(patience, "MOST_SECONDS", 0.0)
    for format in ("matroska", ""):
        waiting = Patience(format, seekable=False)
        waiting.look(b"\x1a\x45\xdf\xa3" + RUBBISH)
        look_often(waiting, 20)
        with pytest.raises(FormatError, match="nothing can be shown of its first 64 MB"):
            look_often(waiting, 60)


def look_often(waiting: Patience, count: int) -> None:
    for _ in range(count):
        waiting.look(RUBBISH)
