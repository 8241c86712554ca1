"""Control while the server runs: channels are made and ended (``PUT`` and ``DELETE`` of
``/api/channels/NAME``), keys revoked (``POST`` to ``/api/revoked``).

The key is in a header only, which no page of another site can make a browser send.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from televise import events
from televise.errors import Busy, InputError, Unsupported
from televise.hub.hub import Hub
from televise.model.name import check_name
from televise.model.refusals import refuse
from televise.model.source import SourceSpec, parse_guarded, parse_source
from televise.web.sizes import Sizes, read
from televise.web.trust.guard import needs
from televise.web.trust.keys import Keys
from televise.web.trust.proxies import Network

MAX_CHANNELS = 64
BODY_SECONDS = 10.0


class Control:
    """Changes which channels ``hub`` has, and which of its ``keys`` hold, for those whose own key
    says so. Sources may be on the Internet, and in these ``networks``."""

    def __init__(self, hub: Hub, keys: Keys, sizes: Sizes, networks: Sequence[Network]) -> None:
        self._hub = hub
        self._sizes = sizes
        self._keys = keys
        self.networks = networks
        self._made: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [
            web.put("/api/channels/{name}", self._put),
            web.delete("/api/channels/{name}", self._delete),
            web.post("/api/revoked", self._revoke),
        ]

    @needs("admin")
    async def _put(self, request: web.Request) -> web.Response:
        name = check_name(request.match_info["name"])
        spec = self._parse(name, await self._value(request, "source", "http://camera/stream"))
        if self._hub.has(name):
            raise Busy(f"there is a channel {name} already: DELETE it before")
        if len(self._made) >= MAX_CHANNELS:
            raise refuse("api_channels", f"{MAX_CHANNELS} channels have been made so: DELETE one")
        self._hub.add(spec).open()
        self._made.add(name)
        events.info("channel made", channel=name, source=spec.shown)
        return web.json_response({"name": name, "source": spec.shown}, status=201)

    def _parse(self, name: str, source: str) -> SourceSpec:
        """What is asked for. Whoever runs the server names files and devices; others the web."""
        if source == "publish:":
            return parse_source(f"{name}=publish:")
        return parse_guarded(f"{name}={source}", [str(each) for each in self.networks])

    @needs("admin")
    async def _delete(self, request: web.Request) -> web.Response:
        name = check_name(request.match_info["name"])
        await self._hub.remove(name)
        self._made.discard(name)
        events.info("channel ended", channel=name)
        return web.Response(status=204)

    @needs("admin")
    async def _revoke(self, request: web.Request) -> web.Response:
        identifier = self._keys.revoke(await self._value(request, "key", "0123456789ab"))
        events.info("key revoked", identifier=identifier)
        return web.json_response({"revoked": identifier})

    async def _value(self, request: web.Request, name: str, example: str) -> str:
        """The one value of the body, a text."""
        values = await _json(request, self._sizes.body, json.dumps({name: example}))
        value = values.get(name) if isinstance(values, dict) else None
        if not isinstance(value, str) or len(values) != 1:
            raise InputError(f"send one value, as in {json.dumps({name: example})}")
        return value


async def _json(request: web.Request, most: int, example: str) -> Any:
    if request.content_type != "application/json":
        raise Unsupported(f"send JSON: Content-Type: application/json, as in {example}")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            parts, text = request.content.iter_any(), f"JSON may have {most >> 10} KiB"
            return json.loads(await read(parts, most, "body_kilobytes", text))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come in time\n") from None
    except (ValueError, RecursionError):
        raise InputError(f"not JSON: send it as in {example}") from None
