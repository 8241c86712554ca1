"""Channel: a name, its source, and the encodings of it that somebody watches."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from televise import events
from televise.errors import InputError, Unavailable
from televise.hub.budget import Budget
from televise.hub.encoding import Encoding
from televise.hub.intake import Intake
from televise.hub.ledger import Ledger
from televise.hub.look_back import LookBack
from televise.hub.looks import Looks
from televise.hub.policy import DEFAULT, Policy
from televise.hub.publishable import Publishable
from televise.hub.publishing import Publishing
from televise.hub.renditions import Renditions
from televise.hub.seat import Seat
from televise.hub.supply import Callbacks, MakeSupply, Supply
from televise.hub.timers import Timers
from televise.hub.uplink import Uplink
from televise.link.messages import Announce, Keyframe, Look, Message, Note, Open, State
from televise.model.rendition import Rendition
from televise.model.source import SourceSpec
from televise.model.track import Track

# An encoder runs on for a moment after its last viewer, who may only be reloading the page.
ENCODING_LINGER_SECONDS = 2.0
SOURCE_LINGER_SECONDS = 10.0
# These cannot be opened again, or only they know when there is something to show.
_NEVER_IDLE = ("stdin", "publish", "frames")


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
        self.final = False
        self.was_live = False
        self.tracks: tuple[Track, ...] = ()
        self.listeners: set[Callable[[Channel], None]] = set()
        self.note_listeners: set[Callable[[Channel, int, str], None]] = set()
        self.closed = False
        self._origin = time.monotonic()
        self._linked = False
        self._next_id = 0
        self._timers = Timers()
        self._stopping: set[asyncio.Future[Any]] = set()
        # The hubs through which it comes, if it is another's; None while there is no way to it.
        self.path: tuple[str, ...] | None = ()
        self.ledger = Ledger()
        callbacks = Callbacks(self._received, self._up, self._down)
        self._supply: Supply = (
            make_supply(callbacks)
            if make_supply
            else Publishable(spec.name, callbacks, stdin=spec.kind == "stdin")
        )
        self._renditions = Renditions(self.name, self.ledger, self._supply.send, budget or Budget())
        self._looks = Looks(self.name, self._supply.send)
        self._seat = Seat(self.name, self._supply.send, self._left)
        places = self._renditions, self._looks, self._seat
        self._intake = Intake(self.name, *places, self.want_keyframe, self._drop_refused)

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
        encoding = self._renditions.find(rendition) or self._subscribe(rendition)
        encoding.users += 1
        self._timers.cancel(rendition)
        self._timers.cancel(None)
        self._run_source()
        return encoding

    def release(self, encoding: Encoding) -> None:
        """One who acquired ``encoding`` has gone."""
        encoding.users -= 1
        if encoding.users or self.closed:
            return
        if encoding.refusal:
            self._unsubscribe(encoding)  # who asks again may have more luck
        else:
            self._timers.later(
                encoding.rendition, ENCODING_LINGER_SECONDS, self._unsubscribe, encoding
            )

    def want_keyframe(self, encoding: Encoding) -> None:
        """Somebody cannot go on before the next one: ask for it where ``encoding`` is made."""
        if encoding.may_ask(time.monotonic()):
            self._supply.send(Keyframe(encoding.id))

    def publish(self, format: str, address: str, *, take_over: bool = False) -> Publishing:
        """Let somebody at ``address`` publish, in ``format`` (FFmpeg's name; '' to find out).

        Busy where another one does, unless its place is to be taken over; InputError where the
        channel is none to be published into; Unavailable.
        """
        self._check_publishable()
        publisher = self._seat.take(self._number(), format, address, take_over=take_over)
        self._run_source()
        if self._linked:
            publisher.link()
        return publisher

    def publish_by_link(
        self, uplink: Uplink, address: str, *, node: str = "", take_over: bool = False
    ) -> Publishing:
        """The same by a link: the publisher sends what is wanted of it, and nothing else. ``node``
        is itself, when it comes again."""
        supply = self._check_publishable()
        publisher = self._seat.take(self._number(), "link", address, take_over=take_over, node=node)
        publisher.uplink = uplink
        self._looks.end_all("another publisher has come")
        supply.link(uplink)
        self._linked = False
        self._run_source()
        self._linger()
        return publisher

    def _check_publishable(self) -> Publishable:
        supply = self._supply
        if self.closed:
            raise Unavailable("the server is stopping")
        if self.spec.kind != "publish" or not isinstance(supply, Publishable):
            raise InputError(f"{self.name} is not for publishing: its source is {self.spec.public}")
        return supply

    def _left(self, publisher: Publishing) -> None:
        if publisher.uplink is not None and isinstance(self._supply, Publishable):
            self._supply.unlink()

    def look_back(self, rendition: Rendition, ago: float, length: float) -> LookBack:
        """``length`` seconds that began so many seconds ``ago`` (no length: one picture), to be
        waited for. Unavailable where nothing is kept, LimitReached where too many look back."""
        if self.closed or not (self._linked or self._supply.remote):
            raise Unavailable(f"{self.name} keeps nothing to look back to: it is {self.state}")
        return self._looks.begin(Look(self._number(), rendition, ago, length))

    def _number(self) -> int:
        """Another one for what is asked of the supply."""
        self._next_id += 1
        return self._next_id

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
        await asyncio.gather(*self._stopping, return_exceptions=True)

    def _run_source(self) -> None:
        if not self._supply.running:
            self._set_state("connecting", "")
            self._supply.start()

    def _subscribe(self, rendition: Rendition) -> Encoding:
        for idle in self._renditions.room_for(rendition):
            self._unsubscribe(idle)
        return self._renditions.add(self._number(), rendition)

    def _unsubscribe(self, encoding: Encoding) -> None:
        self._timers.cancel(encoding.rendition)
        self._renditions.remove(encoding)
        self._linger()

    def _linger(self) -> None:
        """Close the source soon, where nobody watches and it can be opened again."""
        waits = self.spec.kind in _NEVER_IDLE or self.spec.listens
        never = waits and not self._supply.remote
        stays = self.policy.keep_open or never
        if not self.encodings and not stays:
            self._timers.later(None, SOURCE_LINGER_SECONDS, self._idle)

    def _idle(self) -> None:
        self._timers.cancel(None)
        self._linked = False
        self._looks.end_all("nobody watches, and its source is closed")
        stopping = self._supply.stop()
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)
        if self.state != "offline":
            self._set_state("idle", "")

    def _up(self) -> None:
        """A new worker is there: it is told all that is wanted."""
        self._linked = True
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
        elif isinstance(message, Note):
            for listener in self.note_listeners:
                listener(self, message.captured, message.text)
        else:
            self._intake.take(message)

    def _drop_refused(self, encoding: Encoding) -> None:
        if not encoding.users:
            self._unsubscribe(encoding)  # who asks for it now may have more luck

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
