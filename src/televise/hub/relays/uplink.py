"""Uplink: the hub's end of a link to a publisher, who is the provider of the channel."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from televise.errors import FormatError
from televise.formats.strict_json import parse_json
from televise.hub.relays.adapted import Adapted
from televise.hub.relays.carrier import check_tracks, our_note, ours
from televise.hub.relays.clock import Clock
from televise.hub.relays.offer import MAX_TRACKS, STATES
from televise.link.messages import (
    Announce,
    Ended,
    Epoch,
    Media,
    Message,
    Note,
    Refused,
    State,
    Subscribe,
    Taken,
    Unsubscribe,
)
from televise.model.unix_time import is_unix_time

MAX_TEXT = 500


class Uplink:
    """Writes to the publisher with ``write``, and gives what it says to ``received``, times by our
    own clock. It is a stranger: what cannot be is a FormatError. ``node`` is who it says it is, to
    come again; '' where it does not say.

    Where its line is too slow for a rendition, a smaller one is asked for, until it can be more.
    """

    def __init__(self, write: Callable[[Message], None], node: str = "") -> None:
        self._write = write
        self.node = node
        self.received: Callable[[Message], None] = _to_nobody
        self.clock = Clock()
        # What is taken now, by the numbers of subscriptions.
        self.taken: dict[int, Adapted] = {}

    def say(self, message: Message) -> None:
        """Tell the publisher what is wanted."""
        if isinstance(message, Subscribe):
            self.taken[message.id] = Adapted(message.rendition)
            self.taken[message.id].connect()
        elif isinstance(message, Unsubscribe):
            self.taken.pop(message.id, None)
        self._write(message)

    def hear(self, message: Message) -> None:
        """What the publisher says. FormatError."""
        if isinstance(message, Media):
            packet = ours(message.packet, self.clock.offset)
            self.received(Media(message.id, packet))
            taken = self.taken.get(message.id)
            if taken is not None and taken.arrived(packet, time.monotonic()):
                self._take_another(message.id, taken)
        elif not self._falls_back(message):
            self.received(self._checked(message))

    def _falls_back(self, message: Message) -> bool:
        """Take the wanted one again where a smaller one cannot be had; whether that is so."""
        if not isinstance(message, Refused):
            return False
        taken = self.taken.get(message.id)
        if taken is None or not taken.refused():
            return False
        self._take_another(message.id, taken)
        return True

    def _take_another(self, number: int, taken: Adapted) -> None:
        taken.connect()
        self._write(Unsubscribe(number))
        self._write(Subscribe(number, taken.rendition, 0))

    def hear_clock(self, text: str, now: int) -> None:
        """Its answer to what our clock showed, here at ``now`` (Unix nanoseconds). FormatError."""
        values = parse_json(text)
        if not isinstance(values, dict):
            raise FormatError("not an answer to a clock's")
        self.clock.answered(_time(values, "clock"), _time(values, "time"), now)

    def _checked(self, message: Message) -> Message:
        if isinstance(message, Epoch):
            check_tracks(message)
            if taken := self.taken.get(message.id):
                taken.begin(message.tracks)
        if isinstance(message, Epoch | Announce) and len(message.tracks) > MAX_TRACKS:
            raise FormatError(f"more than {MAX_TRACKS} tracks")
        if isinstance(message, State):
            if message.state not in STATES:
                raise FormatError("no state that a channel can have")
            return State(message.state, message.text[:MAX_TEXT])
        if isinstance(message, Note):
            return our_note(message, self.clock.offset)
        if isinstance(message, Ended | Refused):
            return replace(message, text=message.text[:MAX_TEXT])
        if isinstance(message, Taken):
            raise FormatError("nothing was sent that could be taken")
        return message


def _time(values: dict[str, Any], name: str) -> int:
    value: Any = values.get(name)
    if not is_unix_time(value):
        raise FormatError("not an answer to a clock's")
    return int(value)


def _to_nobody(_: object) -> None:
    """Where goes what is said while nobody listens."""
