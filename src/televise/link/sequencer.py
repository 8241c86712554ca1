"""Sequencer: packets that come on two ways, in one order and without a hole."""

from collections import deque

from televise.link.messages import Epoch, Media, Message

# So much is kept until what is missing before it has come.
MAX_WAITING = 1000
MAX_WAITING_BYTES = 8 << 20
# Epochs that are over, of which something may still be on its way.
MAX_PAST = 16


class Sequencer:
    """Puts what comes live, and what is sent on request from the newest keyframe on, in one order.

    What it gives out of an epoch begins with a keyframe; each packet follows the one before it, or
    is a keyframe. Where one is missing the next ones wait until it comes, or a keyframe does, which
    is one more of the ``gaps``. What is no packet passes at once.
    """

    def __init__(self) -> None:
        self.gaps = 0
        self._epoch: int | None = None
        self._last: int | None = None
        self._past: deque[int] = deque(maxlen=MAX_PAST)
        self._waiting: dict[tuple[int, int], Media] = {}

    @property
    def behind(self) -> bool:
        """Whether something is missing that the sender may still have."""
        return self._last is None or bool(self._waiting)

    def take(self, message: Message) -> list[Message]:
        """Take what has come; give out all whose turn it is now."""
        if isinstance(message, Epoch):
            return self._begin(message)
        return [*self._place(message)] if isinstance(message, Media) else [message]

    def _begin(self, message: Epoch) -> list[Message]:
        if message.epoch == self._epoch or message.epoch in self._past:
            return []
        if self._epoch is not None:
            self._past.append(self._epoch)
        self._epoch, self._last = message.epoch, None
        waiting, self._waiting = self._waiting, {}
        placed = [each for key in sorted(waiting) for each in self._place(waiting[key])]
        return [message, *placed]

    def _place(self, message: Media) -> list[Media]:
        packet = message.packet
        current = packet.epoch == self._epoch
        if packet.epoch in self._past or (
            current and self._last is not None and packet.sequence <= self._last
        ):
            return []
        if current and (packet.keyframe or self._last == packet.sequence - 1):
            return self._give_out(message)
        self._keep(message)
        return []

    def _give_out(self, message: Media) -> list[Media]:
        """This one, and those that have waited for it."""
        epoch, last = message.packet.epoch, message.packet.sequence
        if self._last is not None and self._last != last - 1:
            self.gaps += 1
        due = [message]
        while following := self._waiting.get((epoch, last + 1)):
            due.append(following)
            last += 1
        self._last = last
        for key in [key for key in self._waiting if key[0] == epoch and key[1] <= last]:
            del self._waiting[key]
        return due

    def _keep(self, message: Media) -> None:
        packet = message.packet
        self._waiting[packet.epoch, packet.sequence] = message
        size = sum(len(each.packet.data) for each in self._waiting.values())
        if len(self._waiting) > MAX_WAITING or size > MAX_WAITING_BYTES:
            self._waiting.clear()
