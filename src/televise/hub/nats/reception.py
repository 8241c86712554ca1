"""Reception: one rendition of a channel, as another hub publishes it over NATS."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from televise import events
from televise.errors import PeerError, TeleviseError, Unavailable
from televise.hub.nats.connection import NatsConnection
from televise.hub.nats.neighbours import Neighbour
from televise.hub.relays.link_client import Take
from televise.link.interest import Interest, parse_answer
from televise.link.messages import Media, Message, Missing, Note, Refused
from televise.link.nats import Assembler, MessageReader, control_subject, media_subject
from televise.link.sequencer import Sequencer
from televise.model.dropped import NOTHING
from televise.model.rendition import Rendition

if TYPE_CHECKING:
    from nats.aio.msg import Msg

LIFE_SECONDS = 2.0
# What is missing is asked for at once, and so long after that again.
MISSING_SECONDS = 0.25
SILENCE_SECONDS = 6.0
# Of the past, everything must be there in this time.
PAST_SECONDS = 35.0
NO_RESPONDERS = "503"


class Reception:
    """Says what of channel ``name`` is wanted of ``neighbour``, and puts what comes in order.

    ``lost`` counts messages of which parts were missing; ``reject`` hears how many were none, or
    packets that follow nothing. ``vanished`` says that the server knows nobody any more who would
    answer.
    """

    def __init__(
        self,
        connection: NatsConnection,
        neighbour: Neighbour,
        name: str,
        wanted: Interest,
        report: Callable[[], dict[str, Any]],
        reject: Callable[[int], None],
    ) -> None:
        self.neighbour = neighbour
        self.name = name
        self.vanished = False
        self.sequencer = Sequencer()
        self._connection = connection
        self._wanted = wanted
        self._once = wanted.want == "look"
        self._report, self._reject = report, reject
        self._inbox = connection.inbox
        self._live, self._past, self._reader = Assembler(), Assembler(), MessageReader()
        self._due: asyncio.Queue[Message | TeleviseError] = asyncio.Queue()
        self._missing = asyncio.Event()
        self._heard = time.monotonic()

    @property
    def lost(self) -> int:
        """Messages of which not all parts came."""
        return self._live.lost + self._past.lost

    @property
    def rendition(self) -> Rendition:
        """What of the channel it is."""
        return self._wanted.rendition

    async def want_keyframe(self) -> None:
        """Ask for one."""
        with contextlib.suppress(PeerError):
            await self._say(replace(self._wanted, want="keyframe"))

    async def run(self, take: Take) -> None:
        """Give ``take`` what comes, times by our own clock, until that is enough.

        PeerError where no more will come, Unavailable where the hub says that it cannot make it.
        """
        subject = media_subject(self.name, self._wanted.rendition, self.neighbour.node)
        async with (
            self._connection.subscribed(subject, self._hear_live),
            self._connection.subscribed(self._inbox, self._hear_answer),
        ):
            asking = asyncio.create_task(self._ask_once() if self._once else self._ask())
            try:
                while not isinstance(message := await self._due.get(), TeleviseError):
                    if take(message):
                        return
                raise message
            finally:
                asking.cancel()
                with contextlib.suppress(PeerError):
                    await self._say(replace(self._wanted, want="leave"))

    def end(self, reason: str) -> None:
        """Nothing more will come."""
        self._due.put_nowait(PeerError(reason))

    async def _ask(self) -> None:
        """Say again and again that it is wanted; at once where something is missing."""
        try:
            while time.monotonic() - self._heard < SILENCE_SECONDS:
                if self.sequencer.behind:
                    await self._say(self._wanted)
                    await asyncio.sleep(MISSING_SECONDS)
                    continue
                self._missing.clear()
                await self._say(replace(self._wanted, want="keep"))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LIFE_SECONDS):
                        await self._missing.wait()
            self.end("the hub does not answer")
        except PeerError as error:
            self.end(str(error))

    async def _ask_once(self) -> None:
        with contextlib.suppress(PeerError):
            await self._say(self._wanted)
            await asyncio.sleep(PAST_SECONDS)
        self.end("the hub does not answer")

    async def _say(self, wanted: Interest) -> None:
        said = replace(wanted, clock=time.time_ns(), report=self._report())
        subject = control_subject(self.name, self.neighbour.node)
        await self._connection.say(subject, said.to_bytes(), self._inbox)

    async def _hear_live(self, message: "Msg") -> None:
        self._hear(self._live, message.data)

    async def _hear_answer(self, message: "Msg") -> None:
        if message.headers and message.headers.get("Status") == NO_RESPONDERS:
            self.vanished = True
            self.end("the hub is not there any more")
        elif message.data.startswith(b"{"):
            self._hear_clock(message.data)
        else:
            self._hear(self._past, message.data)

    def _hear(self, assembler: Assembler, part: bytes) -> None:
        self._heard = time.monotonic()
        before = self.sequencer.strays
        try:
            if (data := assembler.feed(part)) is not None:
                said, answer = self._reader.read(data), assembler is self._past
                for message in self.sequencer.take(said, answer=answer):
                    self._give_out(message)
        except PeerError as error:
            self._refuse(str(error))
        if strays := self.sequencer.strays - before:
            self._refuse("it follows nothing", strays)
        if self.sequencer.behind:
            self._missing.set()

    def _hear_clock(self, data: bytes) -> None:
        now = time.time_ns()
        try:
            self.neighbour.clock.answered(*parse_answer(data), now)
            self._heard = time.monotonic()
        except PeerError as error:
            self._refuse(str(error))

    def _refuse(self, reason: str, count: int = 1) -> None:
        self._reject(count)
        events.warning("a message over NATS was not understood", channel=self.name, reason=reason)

    def _give_out(self, message: Message) -> None:
        offset = self.neighbour.clock.offset
        if isinstance(message, Refused):
            self._due.put_nowait(Unavailable(message.text))
        elif isinstance(message, Note):
            self._due.put_nowait(replace(message, captured=max(0, message.captured + offset)))
        elif isinstance(message, Media):
            if message.packet.dropped:
                self._due.put_nowait(Missing(message.id, message.packet.dropped))
            captured = max(0, message.packet.captured + offset)
            packet = replace(message.packet, captured=captured, dropped=NOTHING)
            self._due.put_nowait(Media(message.id, packet))
        else:
            self._due.put_nowait(message)
