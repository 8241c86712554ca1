"""Sequencer: packets that come on two ways, in one order and without a hole."""

from televise.link.messages import Epoch, Media, Message

# So much is kept until what is missing before it has come.
MAX_WAITING = 1000
MAX_WAITING_BYTES = 8 << 20
# Epochs that are over, of which something may still be on its way.
MAX_PAST = 16
# A keyframe that comes live and is further ahead of the newest packet may be a stranger's. This is
# more than two seconds of 120 pictures and 50 packets of sound.
MAX_AHEAD = 400


class Sequencer:
    """Puts what comes live, and what is sent on request from the newest keyframe on, in one order.

    What it gives out of an epoch begins with a keyframe; each packet follows the one before it, or
    is a keyframe. Where one is missing the next ones wait until it comes, or a keyframe does, which
    is one more of the ``gaps``. What is no packet passes at once.

    What comes live is in the order in which it was sent. What cannot be of that is not believed
    until the sender, who is asked for it, says so; ``strays`` counts packets that never were.
    """

    def __init__(self) -> None:
        self.gaps = self.strays = 0
        self._epoch: Epoch | None = None
        self._last: int | None = None
        # By number, the newest last.
        self._past: dict[int, Epoch] = {}
        self._waiting: dict[tuple[int, int], Media] = {}
        # Whether what is over has come live again: perhaps we have lost the thread.
        self._astray = False

    @property
    def behind(self) -> bool:
        """Whether something is missing that the sender may still have."""
        return self._last is None or self._astray or bool(self._waiting)

    def take(self, message: Message, *, answer: bool = False) -> list[Message]:
        """Take what has come, live or as ``answer``; give out all whose turn it is now."""
        if isinstance(message, Epoch):
            return self._hear(message, answer)
        return [*self._place(message, answer)] if isinstance(message, Media) else [message]

    def _hear(self, message: Epoch, answer: bool) -> list[Message]:
        if message.epoch == self._number or (
            message.epoch in self._past and not self._returns(message, answer)
        ):
            return []
        if self._epoch is not None:
            self._past[self._epoch.epoch] = self._epoch
        self._past.pop(message.epoch, None)
        for number in list(self._past)[:-MAX_PAST]:
            del self._past[number]
        return self._begin(message)

    @property
    def _number(self) -> int | None:
        """Of the epoch."""
        return self._epoch.epoch if self._epoch else None

    def _returns(self, message: Epoch, answer: bool) -> bool:
        """Whether an epoch that was over goes on: it follows ours, and did not so before; or it
        is what the sender says when asked."""
        follows = message.before == self._number and message != self._past[message.epoch]
        return follows or (answer and self._astray)

    def _begin(self, message: Epoch) -> list[Message]:
        self._epoch, self._last, self._astray = message, None, False
        waiting, self._waiting = self._waiting, {}
        placed = [each for key in sorted(waiting) for each in self._place(waiting[key], False)]
        return [message, *placed]

    def _place(self, message: Media, answer: bool) -> list[Media]:
        packet = message.packet
        if packet.epoch != self._number:
            self._set_aside(message, answer)
            return []
        ahead = 1 if self._last is None else packet.sequence - self._last
        if ahead <= 0:
            self._astray &= not answer or ahead < 0  # where it is the newest, we have all
            return []
        follows = ahead == 1 and self._last is not None
        if follows or (packet.keyframe and (answer or ahead <= MAX_AHEAD)):
            return self._give_out(message, answer)
        self._keep(message)
        return []

    def _set_aside(self, message: Media, answer: bool) -> None:
        """One of another epoch, which is over, or of which we have not heard yet."""
        if message.packet.epoch not in self._past:
            self._keep(message)
        elif not answer:
            self._astray = True

    def _give_out(self, message: Media, answer: bool) -> list[Media]:
        """This one, and those that have waited for it."""
        epoch, last = message.packet.epoch, message.packet.sequence
        if self._last is not None and self._last != last - 1:
            self.gaps += 1
        due = [message]
        while following := self._waiting.get((epoch, last + 1)):
            due.append(following)
            last += 1
        self._last, self._astray = last, False
        for key in [key for key in self._waiting if key[0] == epoch and key[1] <= last]:
            del self._waiting[key]
        if not answer:  # whatever came before it and is still waiting cannot come after it
            self.strays += len(self._waiting)
            self._waiting.clear()
        return due

    def _keep(self, message: Media) -> None:
        packet = message.packet
        self._waiting[packet.epoch, packet.sequence] = message
        size = sum(len(each.packet.data) for each in self._waiting.values())
        if len(self._waiting) > MAX_WAITING or size > MAX_WAITING_BYTES:
            self._waiting.clear()
