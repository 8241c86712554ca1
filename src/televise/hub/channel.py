"""Channel: a name, its source, and the encodings of it that somebody watches."""

import itertools
import time
from collections.abc import Callable

from televise import events
from televise.errors import Unavailable
from televise.hub.budget import Budget
from televise.hub.encoding import Encoding
from televise.hub.intake import Intake
from televise.hub.ledger import Ledger
from televise.hub.look_back import LookBack
from televise.hub.looks import Looks
from televise.hub.policy import DEFAULT, Policy
from televise.hub.publishable import Publishable
from televise.hub.publishing import Publishing
from televise.hub.relays.uplink import Uplink
from televise.hub.renditions import Renditions
from televise.hub.seat import Seat
from televise.hub.supply import Callbacks, MakeSupply, Supply
from televise.hub.timers import Timers
from televise.link.messages import (
    Allow,
    Announce,
    Damaged,
    Keyframe,
    Look,
    Message,
    Note,
    Open,
    State,
)
from televise.model.rendition import Rendition
from televise.model.source import SourceSpec
from televise.model.track import Track

SOURCE_LINGER_SECONDS = 10.0


class Channel:
    """One live channel. Its source runs from the start or the first viewer on, and ends ten
    seconds after the last; each rendition is encoded while somebody watches it.

    ``state`` is connecting, live, stalled, offline, or idle (nobody watches: the source is closed);
    ``text`` says why; ``since`` is Unix seconds. ``listeners`` are called at each change of it,
    ``note_listeners`` with what the source tells of a picture (Unix nanoseconds, JSON).
    """

    def __init__(
        self,
        spec: SourceSpec,
        policy: Policy = DEFAULT,
        make_supply: MakeSupply | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.spec = spec
        self.policy = policy
        self.name = spec.name
        self.state, self.text, self.since = "idle", "", time.time()
        self.final = self.was_live = False
        self.damaged = 0
        self.tracks: tuple[Track, ...] = ()
        self.listeners: set[Callable[[Channel], None]] = set()
        self.note_listeners: set[Callable[[Channel, int, str], None]] = set()
        self.closed = False
        self._origin = time.monotonic()
        self._allowed = Allow()
        self._linked = False
        # Of all that is asked of the supply.
        self._numbers = itertools.count(1)
        self._timers = Timers()
        # The hubs through which it comes, if it is another's; None while there is no way to it.
        self.path: tuple[str, ...] | None = ()
        self.ledger = Ledger()
        callbacks = Callbacks(self._received, self._up, self._down)
        self._supply: Supply = (
            make_supply(callbacks)
            if make_supply
            else Publishable(spec.name, callbacks, stdin=spec.kind == "stdin")
        )
        send, budget = self._supply.send, budget or Budget()
        self._renditions = Renditions(
            self.name, self.ledger, send, self._numbers, budget, self._linger
        )
        self._looks = Looks(self.name, send, budget)
        self._seat = Seat(self.name, self._supply)
        places = self._renditions, self._looks, self._seat
        self._intake = Intake(self.name, *places, self.want_keyframe)

    @property
    def encodings(self) -> list[Encoding]:
        """What is being encoded now."""
        return self._renditions.all

    @property
    def seconds(self) -> float:
        """For how long its state has been that."""
        return max(0.0, time.time() - self.since)

    @property
    def public_text(self) -> str:
        """Its text, as far as it is for everybody."""
        return self.spec.publish(self.text)

    @property
    def worker(self) -> int | None:
        """Process number of its worker, if there is one."""
        return self._supply.worker

    @property
    def publisher(self) -> Publishing | None:
        """Who publishes it now."""
        return self._seat.publisher

    def open(self) -> None:
        """Start the source; it ends again where nobody comes to watch."""
        self._run_source()
        self._linger()

    async def change(self, spec: SourceSpec, policy: Policy) -> None:
        """Have another source of the same name, or keep it in another way. Viewers stay, and a new
        epoch begins."""
        self.spec, self.policy, self.final, self.was_live = spec, policy, False, False
        self._seat.close("the channel has another source now: come again", Unavailable)
        self._looks.end_all("the channel has another source now")
        self._linked = False
        await self._supply.stop()  # what it held, such as a camera, is free now
        if not self.closed:
            self.open()

    def acquire(self, rendition: Rendition) -> Encoding:
        """An encoding to watch, started where it does not run.

        LimitReached where there are too many others, Unavailable where the channel is closed.
        """
        if self.closed:
            raise Unavailable("the server is stopping")
        encoding = self._renditions.acquire(rendition)
        self._timers.cancel(None)
        self._run_source()
        return encoding

    def release(self, encoding: Encoding) -> None:
        """One who acquired ``encoding`` has gone."""
        self._renditions.release(encoding)

    def want_keyframe(self, encoding: Encoding) -> None:
        """Somebody cannot go on before the next one: ask for it where ``encoding`` is made."""
        if encoding.may_ask(time.monotonic()):
            self._supply.send(Keyframe(encoding.id))

    def publish(
        self, format: str, address: str, uplink: Uplink | None = None, *, take_over: bool = False
    ) -> Publishing:
        """Let somebody at ``address`` publish, in ``format`` (FFmpeg's name; '' to find out). By an
        ``uplink`` it sends what is wanted of it, and nothing else.

        Busy where another one does, unless its place is to be taken over; InputError where the
        channel is none to be published into; Unavailable.
        """
        if self.closed:
            raise Unavailable("the server is stopping")
        publisher = Publishing(next(self._numbers), format, address, self._supply.send, uplink)
        self._seat.take(publisher, self.spec, take_over=take_over)
        if uplink is not None:
            self._linked = False
            self._looks.end_all("another publisher has come")
        self._run_source()
        self._linger()
        if self._linked:
            publisher.link()
        return publisher

    def look_back(self, rendition: Rendition, ago: float, length: float) -> LookBack:
        """``length`` seconds that began so many seconds ``ago`` (no length: one picture), to be
        waited for. Unavailable where nothing is kept, LimitReached where too many look back, or at
        too much."""
        if self.closed or not (self._linked or self._supply.remote):
            raise Unavailable(f"{self.name} keeps nothing to look back to: it is {self.state}")
        look = Look(next(self._numbers), rendition, ago, length)
        return self._looks.begin(look, self._renditions.size)

    def reach(self, path: tuple[str, ...] | None) -> None:
        """It comes through the hubs of this ``path`` from now on; None: there is no way to it."""
        if path != self.path:
            self.path = path
            self._tell()

    async def close(self) -> None:
        """End the worker, for good."""
        self.closed = True
        self._seat.close("the channel ends", Unavailable)
        self._looks.end_all("the channel ends")
        self._renditions.close()
        self._tell()
        self._timers.close()
        await self._supply.stop()

    def _run_source(self) -> None:
        if not self._supply.running:
            self._set_state("connecting", "")
            self._supply.start()

    def _linger(self) -> None:
        """Close the source soon, where nobody watches and it can be opened again."""
        stays = self.policy.keep_open or (self.spec.stays_open and not self._supply.remote)
        if self.encodings or stays:
            self._timers.cancel(None)
        else:
            self._timers.later(None, SOURCE_LINGER_SECONDS, self._idle)

    def _idle(self) -> None:
        self._timers.cancel(None)
        self._linked = False
        self._looks.end_all("nobody watches, and its source is closed")
        self._supply.stop()
        if self.state != "offline":
            self._set_state("idle", "")

    def allow(self, allowed: Allow) -> None:
        """So much may its worker take, from now on."""
        self._allowed = allowed
        self._supply.send(allowed)

    def _up(self) -> None:
        """A new worker is there: it is told all that is wanted."""
        self._linked = True
        self._supply.send(self._allowed)
        self._supply.send(
            Open(f"{self.name}={self.spec.text}", self._origin, self.policy.replay_seconds)
        )
        self._renditions.repeat()
        self._seat.link()

    def _down(self, text: str) -> None:
        """The worker has died."""
        self._set_state("offline", text)
        self._linked = False
        self._looks.end_all("its process ended")
        self._seat.lost()

    def _received(self, message: Message) -> None:
        if isinstance(message, State):
            self.final = message.final
            self._set_state(message.state, message.text)
        elif isinstance(message, Announce):
            self.tracks = message.tracks
            sizes = [(each.width, each.height) for each in self.tracks if each.kind == "video"]
            self._renditions.size = sizes[0] if sizes else (0, 0)
        elif isinstance(message, Damaged):
            self._damaged(message.count)
        elif isinstance(message, Note):
            for listener in self.note_listeners:
                listener(self, message.captured, message.text)
        else:
            self._intake.take(message)

    def _damaged(self, count: int) -> None:
        if not self.damaged:
            text = "counted from here on, without a line for each"
            events.warning(f"channel {self.name}: its source comes with holes", text=text)
        self.damaged += count
        self._tell()

    def _set_state(self, state: str, text: str) -> None:
        if (state, text) == (self.state, self.text):
            return
        self.state, self.text, self.since = state, text, time.time()
        self.was_live = self.was_live or state == "live"
        if state in ("offline", "stalled"):
            events.warning(f"channel {self.name} is {state}", text=text)
        else:
            events.info(f"channel {self.name} is {state}")
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener(self)
