"""Admission: who is one too many."""

from collections.abc import Iterable
from itertools import repeat

import pytest

from televise.errors import LimitReached
from televise.model import refusals
from televise.settings import Settings
from televise.web.limits import Admission, Allowance


def test_one_too_many_is_refused_and_counted_until_somebody_goes() -> None:
    admission, before = Admission(2, 2, 2), refusals.counts["viewers"]
    with admission.viewer("a"):
        with admission.viewer("b"):
            assert admission.count == 2
            with pytest.raises(LimitReached, match="2 viewers already"), admission.viewer("c"):
                pytest.fail("it must not be let in")
            assert admission.count == 2
        with admission.viewer("c"):
            assert admission.count == 2
    assert admission.count == 0
    assert refusals.counts["viewers"] == before + 1


async def test_a_channel_has_so_many_viewers_and_others_have_theirs() -> None:
    admission = Admission(10, 10, 1)
    async with admission.watching("cam"):
        with pytest.raises(LimitReached, match="cam has 1 viewers already"):
            admission.enter_channel("cam")
        admission.enter_channel("door")
    admission.enter_channel("cam")


def test_one_address_does_not_take_the_places_of_others() -> None:
    admission = Admission(10, 1, 10)
    with admission.viewer("a"):
        with pytest.raises(LimitReached, match="from your address"), admission.viewer("a"):
            pytest.fail("it must not be let in")
        with admission.viewer("b"):
            assert admission.count == 2


def usual_admission() -> Admission:
    usual = Settings()
    return Admission(
        usual.max_viewers, usual.max_viewers_per_address, usual.max_viewers_per_channel
    )


def take_all(admission: Admission, addresses: Iterable[str]) -> None:
    """Somebody who has these addresses watches the channel as often as possible."""
    for address in addresses:
        try:
            admission.enter(address)
            admission.enter_channel("cam")
        except LimitReached:
            return
    pytest.fail("there is no limit")


async def test_with_the_defaults_two_addresses_do_not_take_a_whole_channel() -> None:
    admission = usual_admission()
    take_all(admission, repeat("192.0.2.1", 20_000))
    take_all(admission, repeat("192.0.2.2", 20_000))
    with admission.viewer("192.0.2.3"):
        async with admission.watching("cam"):
            assert admission.count > 2


async def test_with_ipv6_a_household_is_one_address() -> None:
    admission = usual_admission()
    take_all(admission, (f"2001:db8:0:1::{number:x}" for number in range(20_000)))
    with pytest.raises(LimitReached, match="from your address"):
        admission.enter("2001:db8:0:1:ffff::1")
    with admission.viewer("2001:db8:0:2::1"):
        async with admission.watching("cam"):
            pass
    admission.leave("2001:db8:0:1::5")
    admission.enter("2001:db8:0:1:ffff::1")


def test_a_viewer_that_fails_gives_its_place_back() -> None:
    admission = Admission(1, 1, 1)
    for _ in range(3):
        with pytest.raises(RuntimeError), admission.viewer("a"):
            raise RuntimeError
    assert admission.count == 0


def test_an_allowance_is_a_rate_and_a_burst() -> None:
    allowance = Allowance(rate=10.0, burst=20.0)
    assert [allowance.take(100.0) for _ in range(21)] == [True] * 20 + [False]
    assert not allowance.take(100.05)
    assert allowance.take(100.2)
    # A long silence saves up no more than the burst.
    assert [allowance.take(500.0) for _ in range(21)] == [True] * 20 + [False]
