"""Places: who gets a connection, and what is left for the operator."""

from televise.web.connections.places import SPARE, SPARE_PER_ADDRESS, Place, Places


class Guest:
    dismissed = False

    def __init__(self, places: Places, address: str) -> None:
        self.address, self.place = address, places.place_for(address)
        if self.place is not Place.NONE:
            places.enter(self)

    def dismiss(self) -> None:
        self.dismissed = True


def test_one_address_has_half_of_them() -> None:
    places = Places(8)
    crowd = [Guest(places, "a") for _ in range(5)]
    assert [guest.place for guest in crowd] == [Place.USUAL] * 4 + [Place.SPARE]
    assert [Guest(places, "b").place for _ in range(4)] == [Place.USUAL] * 4
    assert Guest(places, "c").place is Place.SPARE
    places.leave(crowd[4])
    places.leave(crowd[0])
    assert Guest(places, "b").place is Place.SPARE
    assert Guest(places, "a").place is Place.USUAL


def test_who_comes_last_gets_a_spare_one() -> None:
    places = Places(1, 1)
    Guest(places, "a")
    crowd = [Guest(places, "a") for _ in range(SPARE_PER_ADDRESS + 1)]
    assert [guest.dismissed for guest in crowd] == [True] + [False] * SPARE_PER_ADDRESS
    others = [Guest(places, str(number)) for number in range(SPARE + 1)]
    assert all(guest.dismissed for guest in crowd)
    assert [guest.dismissed for guest in others] == [True] + [False] * SPARE
    places.leave(others[1])
    places.leave(others[0])
    assert not Guest(places, "b").dismissed
    assert not others[2].dismissed


def test_of_ipv6_a_household_is_one() -> None:
    places = Places(10, 1)
    addresses = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    found = [Guest(places, address).place for address in addresses]
    assert found == [Place.USUAL, Place.SPARE, Place.USUAL]


def test_a_proxy_stands_for_many() -> None:
    places = Places(10, 1, lambda address: address == "proxy", spare=False)
    assert [Guest(places, "proxy").place for _ in range(11)] == [Place.USUAL] * 10 + [Place.NONE]
