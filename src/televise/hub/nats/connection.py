"""NatsConnection: one connection to a NATS server, until it is lost."""

import asyncio
import contextlib
import importlib.util
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from televise import events
from televise.errors import InputError, PeerError, Unavailable
from televise.link.nats import HEADER_BYTES, PART_BYTES, cut, inbox_prefix

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

CONNECT_SECONDS = 5.0
# The server is asked so often whether it is there, and must answer in this time.
LOOK_SECONDS = 1.0
SILENCE_SECONDS = 4.0
CLOSE_SECONDS = 1.0
# Where the server takes nothing, publishers wait when so much is unsent; they skip on their own.
MAX_UNSENT_BYTES = 512 << 10
# What has come and is not yet dealt with: more than that is dropped, and asked for again.
MAX_PENDING_BYTES = 8 << 20
MAX_PENDING = 10_000
UNSENT_IN_KERNEL_BYTES = 32 << 10
# From this version on a client that reads nothing need not hold up the others.
GOOD_VERSION = (2, 11)

Heard = Callable[["Msg"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """Servers of one cluster, as they were typed; ``shown`` is without passwords."""

    text: str = field(repr=False)
    shown: str

    @property
    def secure(self) -> bool:
        """Whether nothing may be said without TLS."""
        return "tls://" in self.shown

    @property
    def credentials(self) -> dict[str, str]:
        """What the first of them is told: ``user`` and ``password``, a ``token``, or nothing."""
        url = urlsplit(self.text.split(",")[0])
        if url.password is not None:
            return {"user": unquote(url.username or ""), "password": unquote(url.password)}
        return {"token": unquote(url.username)} if url.username else {}


def parse_nats(text: str) -> NatsAddress:
    """``nats://[USER:PASSWORD@|TOKEN@]HOST[:4222]``, also ``tls``; several with commas. InputError,
    also where nats-py is not installed."""
    shown = ",".join(map(_shown, text.split(",")))
    if importlib.util.find_spec("nats") is None:
        raise InputError("--bus needs nats-py: pip install 'televise[nats]'")
    return NatsAddress(text, shown)


def _shown(server: str) -> str:
    try:
        url = urlsplit(server)
        valid = url.scheme in ("nats", "tls") and bool(url.hostname) and url.port != 0
    except ValueError:
        valid = False
    if not valid or url.path.strip("/") or url.query:
        raise InputError("--bus: write it as in nats://bus.example:4222, or nats://user:pass@...")
    place = url.netloc.rpartition("@")[2]
    return f"{url.scheme}://{place}"


class NatsConnection:
    """A connection that is there, or was; it does not come back by itself, so that nothing old is
    sent when it does. ``lost`` is done, with the reason, when it has ended."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._serial = time.time_ns()
        self._problem = ""
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, address: NatsAddress, node: str) -> "AsyncIterator[NatsConnection]":
        """Connected as hub ``node`` while the block runs. Unavailable where no server takes us."""
        from nats.aio.client import Client

        client = Client()
        connection = cls(client)
        watching = None
        try:
            await connection._connect(address, node)
            connection._check_server(address)
            connection._tune()
            watching = asyncio.create_task(connection._watch())
            yield connection
        finally:
            if watching is not None:
                watching.cancel()
            await connection._close()

    @property
    def inbox(self) -> str:
        """A new subject that nobody else knows."""
        return self._client.new_inbox()

    async def publish(self, subject: str, message: bytes) -> None:
        """Send a message in parts; waits where the server is slow to take it. PeerError."""
        self._serial += 1
        for part in cut(message, self._serial):
            await self.say(subject, part)

    async def say(self, subject: str, data: bytes, reply: str = "") -> None:
        """Send something short as it is. PeerError."""
        from nats.errors import Error

        if self.lost.done():
            raise PeerError(self.lost.result())
        try:
            await self._client.publish(subject, data, reply)
        except (Error, OSError) as error:
            raise PeerError(f"NATS: {error}") from None

    @contextlib.asynccontextmanager
    async def subscribed(self, subject: str, heard: Heard) -> AsyncIterator[None]:
        """``heard`` is called with each message while the block runs."""
        from nats.errors import Error

        subscription = await self._client.subscribe(
            subject,
            cb=heard,
            pending_msgs_limit=MAX_PENDING,
            pending_bytes_limit=MAX_PENDING_BYTES,
        )
        try:
            yield
        finally:
            with contextlib.suppress(Error, OSError):
                await subscription.unsubscribe()

    async def _connect(self, address: NatsAddress, node: str) -> None:
        from nats.errors import Error

        tell = partial(self._tell, address)
        credentials = address.credentials.items()
        secrets: dict[str, Any] = {key: partial(tell, secret) for key, secret in credentials}
        connecting = self._client.connect(
            address.shown.split(","),
            name="televise",
            inbox_prefix=inbox_prefix(node),
            error_cb=self._failed,
            closed_cb=self._closed,
            disconnected_cb=self._closed,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=2,
            no_echo=True,
            pending_size=MAX_UNSENT_BYTES,
            **secrets,
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connecting
        except (Error, OSError, TimeoutError) as error:
            reason = self._problem or str(error) or "no answer in time"
            raise Unavailable(reason) from None

    def _tell(self, address: NatsAddress, secret: str) -> str:
        """Asked when it says who we are: nats-py uses TLS only where the server wants that."""
        self._check_encrypted(address)
        return secret

    def _check_encrypted(self, address: NatsAddress) -> None:
        writer = self._writer
        if address.secure and not (writer and writer.get_extra_info("ssl_object")):
            raise Unavailable("the server offers no TLS: give it `tls`, or write nats://")

    def _check_server(self, address: NatsAddress) -> None:
        self._check_encrypted(address)
        if self._client.max_payload < PART_BYTES + HEADER_BYTES:
            raise Unavailable(
                f"the NATS server takes messages of {self._client.max_payload} bytes: "
                "set max_payload to 1MB"
            )
        version = self._client.connected_server_version
        if (version.major, version.minor) < GOOD_VERSION:
            events.warning(
                f"NATS server {version.major}.{version.minor} is too old",
                hint="there one hub that hangs can hold up others: 2.11 and no_fast_producer_stall",
            )

    async def _watch(self) -> None:
        """Whatever happens to the connection, it is known soon."""
        with contextlib.suppress(Exception):
            while not self.lost.done():
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._client.flush()
                await asyncio.wait([self.lost], timeout=LOOK_SECONDS)
        self._lose("the server does not answer")

    async def _closed(self) -> None:
        self._lose("the server has closed the connection")

    async def _failed(self, error: Exception) -> None:
        from nats.errors import SlowConsumerError, UnexpectedEOF

        self._problem = str(error)
        if isinstance(error, UnexpectedEOF):
            self._lose("the server has closed the connection")
        elif isinstance(error, SlowConsumerError):
            events.warning("this hub is too slow for NATS", subject=error.subject)
        elif self._client.is_connected:
            events.warning("NATS complains", reason=self._problem)

    def _lose(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)

    async def _close(self) -> None:
        """Polite for a moment; a server that reads nothing is left without a word."""
        self._lose("this hub has closed it")
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._client.close()
        if (writer := self._writer) is not None:
            writer.transport.abort()

    @property
    def _writer(self) -> asyncio.StreamWriter | None:
        """What nats-py keeps to itself: without it a connection cannot be aborted, and the kernel
        would hold seconds of video for a server that is far away."""
        writer = getattr(self._client._transport, "_io_writer", None)
        return writer if isinstance(writer, asyncio.StreamWriter) else None

    def _tune(self) -> None:
        if (writer := self._writer) is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            plain = writer.get_extra_info("socket")
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_IN_KERNEL_BYTES)
