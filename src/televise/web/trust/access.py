"""Access: what a request may do. `Guard` decides it; whoever finds a channel asks it."""

from dataclasses import dataclass

from aiohttp import web

from televise.errors import Forbidden
from televise.web.trust.keys import Grant


@dataclass(frozen=True, slots=True)
class Access:
    """The right that a request has with the channels of its ``grants``; ``to_all``: with each.

    ``blind``: it is not told of those that there are; whoever answers looks for a key by itself.
    """

    can: str
    grants: tuple[Grant, ...] = ()
    to_all: bool = False
    blind: bool = False

    def allows(self, channel: str) -> bool:
        """Whether it is for the channel of this name."""
        return self.to_all or any(grant.allows(channel, self.can) for grant in self.grants)

    def may_know(self, channel: str) -> bool:
        """Whether the channel of this name may be told of."""
        return self.allows(channel) and not self.blind

    def check(self, channel: str) -> None:
        """Forbidden where it is not."""
        if not self.allows(channel):
            raise Forbidden(f"this key does not allow to {self.can} {channel}")


NONE = Access("view")
_KEY = web.RequestKey("access", Access)


def access_of(request: web.Request) -> Access:
    """What was decided; nothing where nothing was."""
    access: Access = request.get(_KEY, NONE)
    return access


def set_access(request: web.Request, access: Access) -> None:
    """It is decided."""
    request[_KEY] = access
