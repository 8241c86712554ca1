"""One socket to which several write, as those of a wall do."""

import socket
from unittest.mock import Mock

from televise.web.connections.connection import Connection


class Writer:
    """Fills the socket at each turn."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.paused = True
        self.turns = 0

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        self.turns += 1
        self._connection.pause_writing()

    def lost(self) -> None:
        """Nothing to do."""


def test_nobody_writes_past_what_another_has_filled_again_and_all_have_their_turn() -> None:
    connection = Connection(Mock(socket.socket), Mock(), Mock(), Mock())
    writers = [Writer(connection) for _ in range(3)]
    connection.writers.extend(writers)
    for _ in range(6):
        connection.resume_writing()
        assert all(writer.paused for writer in writers)
    assert [writer.turns for writer in writers] == [2, 2, 2]
