"""What the two sides of a link say to each other.

The *provider* has a channel (a worker process); the *consumer* wants it (the hub).

    consumer                                   provider
      Allow(pixels, kept) ──────────────────────▶
      Open(source) ─────────────────────────────▶
                        ◀──────────── Announce(tracks), State(...)
      Subscribe(id, rendition, epoch) ──────────▶
                        ◀──── Epoch(id, tracks), Media(id, packet) ..., Epoch ..., Refused(id)
      Keyframe(id) ─────────────────────────────▶
      Unsubscribe(id) ──────────────────────────▶
                        ◀──── Note(captured, text), Missing(id, dropped), Damaged(count)

A source that is published into: its bytes come the other way. The provider says what it has taken,
so that no side ever holds much.

      Publish(id, format) ──────────────────────▶
      Data(id, data) ... ───────────────────────▶
                        ◀──── Taken(id, count) ..., Ended(id, text)
      Finish(id) ───────────────────────────────▶

Looking back: some seconds of the past, once.

      Look(id, rendition, ago, length) ─────────▶
                        ◀──── Epoch(id, tracks), Media(id, packet) ..., Ended(id, text)
      Unsubscribe(id) ──────────────────────────▶    where nobody waits for it any more
"""

from dataclasses import dataclass

from televise.model.allowed import ALLOWED
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of both sides; ``version`` is the protocol's."""

    version: int


@dataclass(frozen=True, slots=True)
class Open:
    """Open ``source`` (NAME=SOURCE), and keep ``replay`` seconds of it to look back.

    Its media time began when the monotonic clock showed ``origin`` seconds.
    """

    source: str
    origin: float
    replay: float = 0.0


@dataclass(frozen=True, slots=True)
class Allow:
    """From now on a picture of the source may have so many ``pixels``, and ``kept`` bytes are kept
    to look back."""

    pixels: int = ALLOWED["pixels"].usual
    kept: int = ALLOWED["replay_megabytes"].usual << 20


@dataclass(frozen=True, slots=True)
class Announce:
    """The source is open and has these tracks."""

    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class State:
    """The source is now ``state`` (connecting, live, stalled, offline); ``text`` says why.

    ``final`` is true where opening it again cannot help.
    """

    state: str
    text: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Send ``rendition`` as subscription ``id``, its first epoch being ``epoch``."""

    id: int
    rendition: Rendition
    epoch: int


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop sending subscription or look ``id``."""

    id: int


@dataclass(frozen=True, slots=True)
class Keyframe:
    """Somebody cannot go on before the next keyframe of subscription ``id``: make one, where it is
    encoded."""

    id: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """Packets of subscription ``id`` from here on belong to ``epoch`` and these tracks.

    Between hubs: its ``first`` packet comes after the ``last`` one of epoch ``before``; 0: unknown.
    """

    id: int
    epoch: int
    tracks: tuple[Track, ...]
    before: int = 0
    last: int = 0
    first: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """So many packets of subscription ``id`` are left out before the next one, and why."""

    id: int
    dropped: Dropped


@dataclass(frozen=True, slots=True)
class Media:
    """One packet of subscription ``id``."""

    id: int
    packet: Packet


@dataclass(frozen=True, slots=True)
class Refused:
    """Subscription ``id`` cannot be served; ``text`` says why."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the source has to tell with the picture ``captured`` then: ``text`` is JSON."""

    captured: int
    text: str


@dataclass(frozen=True, slots=True)
class Damaged:
    """So many more packets of the source are left out, since bytes of them were lost before."""

    count: int


@dataclass(frozen=True, slots=True)
class Publish:
    """Publisher ``id`` begins, in ``format`` (FFmpeg's name; '' to find out); others have ended."""

    id: int
    format: str


@dataclass(frozen=True, slots=True)
class Data:
    """The next bytes of publisher ``id``."""

    id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """Publisher ``id`` has gone."""

    id: int


@dataclass(frozen=True, slots=True)
class Taken:
    """So many more bytes of publisher ``id`` have been read."""

    id: int
    count: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Publisher ``id`` has been read, or look ``id`` sent, to its end; ``text`` says what is wrong
    with it, if anything."""

    id: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Send ``length`` seconds that began so many seconds ``ago``, as ``id``; 0: one picture."""

    id: int
    rendition: Rendition
    ago: float
    length: float


FromConsumer = Allow | Open | Subscribe | Unsubscribe | Keyframe | Publish | Data | Finish | Look
FromProvider = Announce | State | Epoch | Missing | Media | Refused | Note | Damaged | Taken | Ended
Message = Hello | FromConsumer | FromProvider
