"""What there is to watch at a URL: one stream, all outputs of a channel, or all of a hub."""

import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from yarl import URL

from televise.crowd.output import Output
from televise.crowd.readers import READERS
from televise.crowd.wire import Address
from televise.errors import InputError, Unavailable
from televise.model.hub_url import HubUrl

EXAMPLES = "http://127.0.0.1:8080, http://127.0.0.1:8080/cam or ws://127.0.0.1:8080/cam.mp4"


def check_here(url: HubUrl) -> None:
    """InputError where it is not on this machine: a crowd is a load."""
    host = url.host
    try:
        found = {each[4][0] for each in socket.getaddrinfo(host, None)}
    except OSError:
        raise InputError(f"{host}: there is no machine of this name") from None
    if not all(ipaddress.ip_address(str(each).partition("%")[0]).is_loopback for each in found):
        raise InputError(
            f"{host} is another machine: a crowd is a load for it; "
            "add --remote if it is yours and that is what you want"
        )


async def outputs_of(url: HubUrl, token: str) -> list[Output]:
    """All that is to be watched. InputError, Unavailable."""
    name, dot, extension = url.path.rpartition("/")[2].partition(".")
    if dot:
        if extension not in READERS:
            raise InputError(f"{url.path}: a crowd watches {', '.join(READERS)}; as in {EXAMPLES}")
        output = _output(url, url.path, extension, url.websocket, token)
        await _check(url, output, token)
        return [output]
    root = url.path.rpartition("/")[0]
    channels = await _channels(url, root, name, token)
    if not channels:
        raise InputError(f"{url.http}: there is no channel to watch")
    found = [each for channel in channels for each in _of_channel(url, root, channel, token)]
    if url.query:
        await _check(url, found[0], token)
    return found


def _of_channel(url: HubUrl, root: str, channel: str, token: str) -> Iterator[Output]:
    """Each over WebSocket and over HTTP."""
    for extension in READERS:
        for websocket in (True, False):
            yield _output(url, f"{root}/{channel}.{extension}", extension, websocket, token)


def _output(url: HubUrl, path: str, extension: str, websocket: bool, token: str) -> Output:
    target = f"{path}?{urlencode(url.query)}" if url.query else path
    address = Address(url.host, url.port, target, websocket, url.secure, token or url.token)
    return Output(f"{'ws' if websocket else 'http'} {path.lstrip('/')}", address, extension)


async def _channels(url: HubUrl, root: str, name: str, token: str) -> list[str]:
    """The names of all channels, or of the one that is meant."""
    api = f"{replace(url, path=root).http}/api/channels"
    async with _asked(url, f"{api}/{name}" if name else api, token) as answer:
        try:
            values: Any = await answer.json()
            return [each["name"] for each in ([values] if name else values["channels"])]
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{url.http}: what answers there is no televise hub") from None


async def _check(url: HubUrl, output: Output, token: str) -> None:
    """InputError where the hub refuses it to everybody."""
    place = replace(url, path="").http
    async with _asked(url, f"{place}{output.address.path}", token):
        pass


@contextlib.asynccontextmanager
async def _asked(url: HubUrl, target: str, token: str) -> AsyncIterator[Any]:
    """What ``target`` is answered with. InputError with the reason where that is wrong; what may
    pass (a limit is reached) is what a crowd is there to see."""
    import aiohttp

    from televise.link.refusal import reason
    from televise.link.unreached import unreached

    key = token or url.token
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(10)) as session,
            session.get(URL(target, encoded=True)) as answer,
        ):
            if 400 <= answer.status < 500:
                raise InputError(f"{url.http}: {await reason(answer)}")
            yield answer
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = unreached(error, secure=url.secure)
        raise Unavailable(f"{url.place}: no hub answers there: {why}") from None
