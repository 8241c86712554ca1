"""JSON lines between two processes: whole messages in order, and the end with its reason."""

import asyncio
import json
import socket
from typing import Any

import pytest

from televise.errors import PeerError
from televise.link.lines import LinesLink
from tests.support.waiting import until


class End:
    """One end of a link, and what it heard."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.lost: list[Exception | None] = []
        self.link = LinesLink(self.messages.append, self.lost.append)


async def connect(end: End, plain: socket.socket) -> None:
    plain.setblocking(False)
    await asyncio.get_running_loop().create_connection(lambda: end.link, sock=plain)


async def test_messages_arrive_whole_and_in_order() -> None:
    one, other = socket.socketpair()
    left, right = End(), End()
    await connect(left, one)
    await connect(right, other)
    said = [{"number": number, "text": "a\nb" * number * 1000} for number in range(50)]
    for message in said:
        left.link.send(message)
    await until(lambda: len(right.messages) == 50)
    assert right.messages == said
    left.link.close()
    await until(lambda: right.lost)
    left.link.send({"too": "late"})
    assert (left.lost, right.lost) == ([None], [None])


@pytest.mark.parametrize("line", [b"{", b"[1]", b"\xff", b"[" * 100_000])
async def test_what_is_no_message_ends_it(line: bytes) -> None:
    one, other = socket.socketpair()
    end = End()
    await connect(end, one)
    with other:
        other.sendall(json.dumps({"good": 1}).encode() + b"\n" + line + b"\n" + b'{"more": 1}\n')
        await until(lambda: end.lost)
    assert isinstance(end.lost[0], PeerError)
    assert end.messages == [{"good": 1}]
