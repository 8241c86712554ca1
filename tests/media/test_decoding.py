"""Decoding: what a decoder is given, and what comes out of it."""

from televise.media.decoding import Decoding
from televise.media.source import Input
from televise.media.unit import Place, Unit
from tests.media.packets import decoder, make_packet


def test_of_what_cannot_be_decoded_nothing_is_kept() -> None:
    """A source may be so for days, while somebody watches."""
    decoding = Decoding(Input("audio", "mp2", decoder("mp2")))
    for number in range(1000):
        place, data = Place(number / 50, number / 50, 0.02, 0.0), b"no sound"
        captured = number * 20_000_000
        assert decoding.decode(Unit(0, make_packet(data), data, place, captured)) == []
    assert len(decoding._arrivals) < 100
