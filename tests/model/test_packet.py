"""A packet is shared by every reader, so nobody can change it."""

from dataclasses import FrozenInstanceError

import pytest

from televise.model.log import Cursor, Log
from televise.model.packet import Packet

PACKET = Packet(0, 1, 2, b"data", 3, 4, 5, True, 6, 7.0)


@pytest.mark.parametrize("field", ["data", "keyframe", "seconds"])
def test_nobody_can_change_it(field: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(PACKET, field, None)


def test_every_reader_of_a_log_gets_the_same_one() -> None:
    log: Log[Packet] = Log()
    log.append(PACKET)
    assert Cursor(log, 1.0).read() is PACKET
    assert Cursor(log, 1.0).read() is PACKET
