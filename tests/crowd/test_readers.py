"""Readers, on what real outputs send, however it is cut; and on what is missing there."""

import pytest

from televise.crowd.account import Account
from televise.crowd.readers import READERS, Reader
from televise.errors import FormatError
from televise.formats import flv, mp4, mpegts, multipart
from televise.model.dropped import Dropped

PICTURE = b"\xff\xd8" + bytes(300)


def fragments() -> list[bytes]:
    init = b"\0\0\0\x08moov"
    samples = (mp4.Sample(1, n * 100, 100, 0, n == 0, b"data") for n in range(8))
    return [init, *(mp4.fragment(n + 1, sample) for n, sample in enumerate(samples))]


def parts() -> list[bytes]:
    return [b"", *(multipart.strict_part(PICTURE, "image/jpeg", n * 10**9) for n in range(1, 9))]


def packets() -> list[bytes]:
    mux = mpegts.Multiplexer([mpegts.H264], 0)
    units = (mpegts.Unit(bytes(400), n * 3000, n * 3000, n == 0) for n in range(8))
    return [b"", *(mux.mux(0, unit) for unit in units)]


def tags() -> list[bytes]:
    head = b"FLV\1\1\0\0\0\x09\0\0\0\0"
    return [head, *(flv.tag(9, n * 40, b"\x17\1" + bytes(60)) for n in range(8))]


STREAMS = {"mp4": fragments(), "mjpg": parts(), "ts": packets(), "flv": tags()}


def read(reader: Reader, data: bytes, step: int) -> Account:
    account = Account("cam", "healthy")
    for start in range(0, len(data), step):
        for unit in reader.feed(data[start : start + step]):
            account.took(unit, 0.0, 0.0, counts=reader.counts)
    account.breaks = getattr(reader, "breaks", 0)
    return account


@pytest.mark.parametrize("extension", STREAMS)
@pytest.mark.parametrize("step", [1, 97, 1 << 20])
def test_all_is_seen_however_it_is_cut(extension: str, step: int) -> None:
    account = read(READERS[extension](), b"".join(STREAMS[extension]), step)
    assert account.delivered == 8
    assert account.exact
    assert account.missing == (0 if extension == "mp4" else None)


@pytest.mark.parametrize("extension", STREAMS)
def test_what_comes_twice_or_in_another_order_is_seen(extension: str) -> None:
    head, *chunks = STREAMS[extension]
    twice = read(READERS[extension](), head + b"".join([*chunks[:3], chunks[2]]), 1 << 20)
    turned = read(READERS[extension](), head + chunks[0] + chunks[3] + chunks[1], 1 << 20)
    assert (twice.duplicates, turned.disorder) == (1, 1)
    assert not twice.exact
    assert not turned.exact


def test_missing_fragments_are_counted() -> None:
    init, *chunks = fragments()
    assert read(READERS["mp4"](), init + chunks[0] + chunks[4], 1 << 20).missing == 3


def test_jumps_of_continuity_counters_are_counted() -> None:
    _, *chunks = packets()
    assert read(READERS["ts"](), b"".join(chunks[:3] + chunks[4:]), 1 << 20).breaks > 0


@pytest.mark.parametrize("extension", ["mjpg", "ts"])
def test_what_is_something_else_is_refused(extension: str) -> None:
    with pytest.raises(FormatError):
        list(READERS[extension]().feed(b"HTTP/1.1 500\r\n\r\n" * 50))


def gif(images: int) -> bytes:
    """Images whose data look like the beginning of others."""
    head = b"GIF89a\x10\0\x10\0\x80\0\0" + bytes(6) + b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0"
    control, descriptor = b"\x21\xf9\4\0\4\0\0\0", b"\x2c" + bytes(8) + b"\x81" + bytes(12)
    return head + images * (control + descriptor + b"\2\5\x21\xf9\4\x2c\0\3\0\0\0\0")


@pytest.mark.parametrize("step", [1, 97, 1 << 20])
def test_images_are_counted_by_their_blocks(step: int) -> None:
    account = read(READERS["gif"](), gif(7), step)
    assert (account.delivered, account.missing) == (7, None)
    assert account.exact


@pytest.mark.parametrize("data", [b"RIFF" + bytes(20), gif(1) + b"\x3b"])
def test_what_is_no_gif_without_an_end_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        list(READERS["gif"]().feed(data))


def test_what_the_hub_says_must_agree() -> None:
    """Where numbers are times, not all that is missing was seen by others."""
    counted, timed = Account("cam", "slow", 5, missing=2), Account("cam", "slow", 5, missing=2)
    timed.counts = False
    for dropped, exact in ((1, (False, False)), (2, (True, True)), (3, (False, True))):
        for account in (counted, timed):
            account.closed(5, 0, Dropped(slow=dropped))
        assert (counted.exact, timed.exact) == exact
    timed.closed(6, 0, Dropped(slow=2))
    assert not timed.exact
