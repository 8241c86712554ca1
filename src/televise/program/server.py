"""Server: a program's own hub."""

from collections.abc import Sequence
from typing import Any

from televise.program.arguments import check_host, check_origins, check_port
from televise.program.hub_process import HubProcess
from televise.program.publisher import Publisher


class Server(Publisher):
    """A hub in a process of its own, and channels on which this program shows pictures.

    It listens on ``host`` and ``port`` (0: any free one) until it is closed, as at the end of a
    ``with`` block, or this program ends, however it does; ``or_next`` takes the next free port
    where that one is taken. ``origins`` are sites whose pages may show the channels, as in
    ``https://example.org``; where it is ``private`` only those can watch who have a `link`;
    ``insecure`` allows a host beyond this machine although everybody there can then watch; ``log``
    lets the hub write its log to standard error. InputError where it cannot listen.
    """

    def __init__(
        self,
        port: int = 8080,
        host: str = "127.0.0.1",
        *,
        or_next: bool = False,
        origins: Sequence[str] = (),
        private: bool = False,
        insecure: bool = False,
        log: bool = False,
    ) -> None:
        host = check_host(host)
        check_port(port)
        origins = check_origins(origins)
        super().__init__()
        self._counts: dict[str, int] = {}
        self._hub: HubProcess | None = None
        self._private = private
        options = {"host": host, "port": port, "origins": origins, "insecure": insecure}
        options |= {"or_next": or_next, "folder": str(self._folder), "private": private}
        try:
            self._hub = HubProcess(
                options, self.background, heard=self._heard, lost=self._lose, log=log
            )
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The page with all channels."""
        return self._process.url

    @property
    def pid(self) -> int:
        """The number of the hub's process."""
        return self._process.process.pid

    def url_of(self, name: str) -> str:
        """The page of a channel."""
        return f"{self.url}/{name}"

    def link(self, name: str, seconds: float = 86_400.0) -> str:
        """The page of a channel, with a key to watch it for so long. UnknownChannel."""
        self._known(name)
        return f"{self.url_of(name)}?token={self._sign(name, seconds)}"

    def stream_of(self, name: str) -> str:
        """The address of its pictures, for a page that shows them."""
        stream = super().stream_of(name)
        return f"{stream}?token={self._sign(name, 86_400.0)}" if self._private else stream

    def viewers_of(self, name: str) -> int:
        """How many watch a channel, as far as is known here (a moment late)."""
        return self._counts.get(name, 0)

    def listen(self, name: str) -> None:
        """What viewers of a channel do is to come here."""
        self._process.ask(type="listen", name=name)

    def _sign(self, name: str, seconds: float) -> str:
        return str(self._process.ask(type="sign", name=name, valid=seconds)["token"])

    @property
    def _process(self) -> HubProcess:
        assert self._hub is not None
        return self._hub

    def _publish(self, name: str, source: str) -> None:
        self._process.ask(type="channel", name=name, source=source)

    def _unpublish(self, name: str) -> None:
        self._process.ask(type="remove", name=name)

    def _end(self) -> None:
        if self._hub is not None:
            self._hub.close()

    def _abandon(self) -> None:
        if self._hub is not None:
            self._hub.abandon()

    def _heard(self, message: dict[str, Any]) -> None:
        """In the background: what the hub tells by itself."""
        if message["type"] == "viewers":
            self._counts = message["counts"]
        elif channel := self._channels.get(message["channel"]):
            channel.heard(message["message"])
