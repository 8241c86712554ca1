"""Channels made and ended while the server runs: ``PUT`` and ``DELETE`` of ``/api/channels/NAME``.

The key is in a header only, which no page of another site can make a browser send.
"""

import asyncio
import json
from typing import Any

from aiohttp import web

from televise import events
from televise.errors import Busy, InputError, Unsupported
from televise.hub.hub import Hub
from televise.model.name import check_name
from televise.model.refusals import refuse
from televise.model.source import SourceSpec, parse_guarded, parse_source
from televise.web.guard import needs

MAX_CHANNELS = 64
BODY_SECONDS = 10.0


class Control:
    """Changes which channels ``hub`` has, for those whose key says so."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._made: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [
            web.put("/api/channels/{name}", self._put),
            web.delete("/api/channels/{name}", self._delete),
        ]

    @needs("admin")
    async def _put(self, request: web.Request) -> web.Response:
        name = check_name(request.match_info["name"])
        spec = _parse(name, await _json(request))
        if self._hub.has(name):
            raise Busy(f"there is a channel {name} already: DELETE it before")
        if len(self._made) >= MAX_CHANNELS:
            raise refuse("api_channels", f"{MAX_CHANNELS} channels have been made so: DELETE one")
        self._hub.add(spec).open()
        self._made.add(name)
        events.info("channel made", channel=name, source=spec.shown)
        return web.json_response({"name": name, "source": spec.shown}, status=201)

    @needs("admin")
    async def _delete(self, request: web.Request) -> web.Response:
        name = check_name(request.match_info["name"])
        await self._hub.remove(name)
        self._made.discard(name)
        events.info("channel ended", channel=name)
        return web.Response(status=204)


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise Unsupported('send JSON: Content-Type: application/json, as in {"source": "http://…"}')
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return json.loads(await request.text())
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come in time\n") from None
    except (ValueError, RecursionError):
        raise InputError('not JSON: send it as in {"source": "http://camera/stream"}') from None


def _parse(name: str, values: Any) -> SourceSpec:
    """What is asked for. Whoever runs the server names files and devices; others the web only."""
    source = values.get("source") if isinstance(values, dict) else None
    if not isinstance(source, str) or len(values) != 1:
        raise InputError('send one value, as in {"source": "http://camera/stream"}')
    if source == "publish:":
        return parse_source(f"{name}=publish:")
    return parse_guarded(f"{name}={source}")
