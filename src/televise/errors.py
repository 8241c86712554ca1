"""Every exception that televise raises on purpose.

    TeleviseError
     ├─ InputError          what somebody typed or asked for is wrong   (exit code 2, HTTP 400)
     ├─ UnknownChannel      there is no channel of that name            (HTTP 404)
     ├─ Unauthorized        no key was given, or one that is not valid  (HTTP 401)
     ├─ Forbidden           the key is valid, but not for this          (HTTP 403)
     │   └─ WrongSecret     a wrong one, told as an original tells it   (HTTP 403)
     ├─ TooManyTries        too many wrong keys came from there         (HTTP 429)
     ├─ Busy                somebody else publishes there already       (HTTP 409)
     ├─ Unsupported         what was sent is not media                  (HTTP 415)
     │   └─ TooLarge        there is too much of it                     (HTTP 413)
     ├─ Unavailable         it exists but cannot be served now          (HTTP 503)
     │   └─ LimitReached    a limit that the operator set               (HTTP 503, Retry-After)
     ├─ SourceError         a source cannot be opened or read
     ├─ Unfit               its packets cannot go to browsers as they are: they are transcoded
     ├─ PeerError           the other side broke the rules: its fault, its connection ends
     │   ├─ FormatError     bytes that are not what their format says
     │   │   └─ OverSize    more of them than are allowed
     │   └─ LinkError       a link message that the protocol does not allow
     └─ LocalError          our own side misused an object: a bug in this program

Messages are one line: what was wrong, then what would be right.
"""

from collections.abc import Sequence


class TeleviseError(Exception):
    """Base of all errors of this package."""


class InputError(TeleviseError):
    """A command-line argument, source, name or query value that cannot be accepted."""


class UnknownChannel(TeleviseError):
    """There is no channel of this name here; ``known`` are those that there are, which the text
    does not name: not everybody may know of them."""

    def __init__(self, text: str, known: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.known = tuple(known)


class Unauthorized(TeleviseError):
    """A key is needed, and there is none, or one that is not valid (any more)."""


class Forbidden(TeleviseError):
    """The key is valid, but gives no right to this."""


class WrongSecret(Forbidden):
    """A key that is not valid, where the original of a dialect answers as to one that is."""


class TooManyTries(TeleviseError):
    """Too many wrong keys came from this address; try again later."""


class Busy(TeleviseError):
    """Somebody else publishes this channel now."""


class Unsupported(TeleviseError):
    """What a publisher sends is nothing that can be shown."""


class TooLarge(Unsupported):
    """What a publisher sends is larger than it may be."""


class Unavailable(TeleviseError):
    """The channel exists, but this request cannot be served now."""


class LimitReached(Unavailable):
    """A limit (viewers, renditions, connections) is reached; try again later."""


class SourceError(TeleviseError):
    """A source cannot be opened or read.

    ``final`` is true where trying again cannot help (a file that is not media).
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Unfit(TeleviseError):
    """Packets of a source cannot go to a browser as they are; the text says why."""


class PeerError(TeleviseError):
    """The other side of a connection broke its protocol's rules."""


class FormatError(PeerError):
    """Bytes that do not follow the format they claim to be."""


class OverSize(FormatError):
    """A message that is longer than is allowed."""


class LinkError(PeerError):
    """A link message that is malformed, too large, or not allowed in this state."""


class LocalError(TeleviseError):
    """This program misused one of its own objects. Please report it."""
