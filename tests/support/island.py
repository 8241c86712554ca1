"""Islands: network namespaces with one wire to us, which is cut, or is long and loses packets."""

import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import struct
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import NoReturn

import pytest

# Linux, if_tun.h: ioctl TUNSETIFF, IFF_TUN | IFF_NO_PI.
_TUNSETIFF, _PLAIN_PACKETS = 0x400454CA, 0x1001
_TUN = "/dev/net/tun"


@dataclass
class Island:
    """A namespace ``name``: we are ``here``, it is ``there``. Each process has one, and addresses
    of its own for it."""

    name: str = f"televise-{os.getpid()}"
    outer: str = f"tv{os.getpid()}a"
    inner: str = f"tv{os.getpid()}b"

    @property
    def here(self) -> str:
        return self._address(1)

    @property
    def there(self) -> str:
        return self._address(2)

    def _address(self, last: int) -> str:
        net, place = divmod(os.getpid() % (1 << 14), 64)
        return f"10.213.{net}.{place * 4 + last}"

    @property
    def enter(self) -> list[str]:
        """What stands before a command that is to run there."""
        return ["ip", "netns", "exec", self.name]

    def inside(self, *command: str) -> str:
        """Run it there."""
        return system(*self.enter, *command)

    def cut(self) -> None:
        """Drop every packet in and out of it."""
        self.inside("nft", "add table inet t")
        for hook in ("input", "output"):
            rule = f"{{ type filter hook {hook} priority 0; policy drop; }}"
            self.inside("nft", f"add chain inet t {hook} {rule}")

    def open(self) -> None:
        """Both ends of the wire get their addresses."""
        system("ip", "link", "set", self.inner, "netns", self.name)
        system("ip", "addr", "add", f"{self.here}/30", "dev", self.outer)
        system("ip", "link", "set", self.outer, "up")
        self.inside("ip", "addr", "add", f"{self.there}/30", "dev", self.inner)
        self.inside("ip", "link", "set", self.inner, "up")
        self.inside("ip", "link", "set", "lo", "up")


def system(*command: str) -> str:
    """Run what only root may."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        give_up(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout


def give_up(reason: str) -> NoReturn:
    """It cannot be done here: the test is skipped, and fails in CI, where that is root."""
    if os.environ.get("CI") and not os.geteuid():
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def _namespace() -> Iterator[Island]:
    if os.geteuid() or not (shutil.which("ip") and shutil.which("nft")):
        give_up("network namespaces need root, ip and nft")
    island = Island()
    try:
        system("ip", "netns", "add", island.name)
        yield island
    finally:
        for command in (["ip", "netns", "del", island.name], ["ip", "link", "del", island.outer]):
            subprocess.run(command, capture_output=True, check=False)


@contextlib.contextmanager
def near_island() -> Iterator[Island]:
    """By a wire that does as it should."""
    with _namespace() as island:
        ends = ["ip", "link", "add", island.outer, "type", "veth", "peer", "name", island.inner]
        system(*ends)
        island.open()
        yield island


class LongWire:
    """Carries IP packets between two devices, each after ``delay`` seconds, and loses a share.

    ``carried`` and ``lost`` count them.
    """

    def __init__(self, one: str, other: str, delay: float, loss: float) -> None:
        self.delay, self.loss = delay, loss
        self.carried = self.lost = 0
        self._ends = [_device(one), _device(other)]
        self._loop = asyncio.get_running_loop()
        for end, target in (self._ends, self._ends[::-1]):
            self._loop.add_reader(end, self._take, end, target, deque[bytes]())

    def _take(self, end: int, target: int, way: deque[bytes]) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = os.read(end, 65536)
                if random.random() < self.loss:
                    self.lost += 1
                    continue
                way.append(packet)
                self._loop.call_later(self.delay, self._give, target, way)

    def _give(self, target: int, way: deque[bytes]) -> None:
        # In the order in which they came, whichever timer is first.
        packet = way.popleft()
        if target not in self._ends:
            return  # the wire has been taken away, and its number may be another's
        with contextlib.suppress(OSError):
            os.write(target, packet)
            self.carried += 1

    def close(self) -> None:
        """Take it away."""
        for end in self._ends:
            self._loop.remove_reader(end)
            os.close(end)
        self._ends = []


def _device(name: str) -> int:
    device = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _PLAIN_PACKETS))
    return device


@contextlib.asynccontextmanager
async def far_island(delay: float, loss: float) -> AsyncIterator[tuple[Island, LongWire]]:
    """By a wire that takes ``delay`` seconds each way, and loses ``loss`` (0 to 1) of all
    packets."""
    with _namespace() as island:
        try:
            wire = LongWire(island.outer, island.inner, delay, loss)
        except OSError as error:
            give_up(f"{_TUN}: {error}")
        try:
            island.open()
            yield island, wire
        finally:
            wire.close()
