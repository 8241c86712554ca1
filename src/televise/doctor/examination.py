"""Examination: every check, in an order, and none that breaks stops the others."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import aiohttp

from televise.doctor import browser
from televise.doctor.checks import (
    buffering,
    clock,
    clocks,
    descriptors,
    ffmpeg,
    gop,
    key_file,
    ports,
    publishing,
    python,
    reach,
    source,
    websocket,
)
from televise.doctor.finding import Finding, wrong
from televise.doctor.patient import Patient
from televise.model.hub_url import HubUrl

LIMIT_SECONDS = 30.0

Examine = Callable[[], Awaitable[list[Finding]]]
Page = tuple[str, int]
"""Where the page for a browser listens."""
Tell = Callable[[str], None]


class MachineCheck(Protocol):
    """What is to be known of this machine."""

    NAME: str

    async def examine(self) -> list[Finding]:
        """What it found."""


class HubCheck(Protocol):
    """What is to be known of a hub, and of the way to it."""

    NAME: str

    async def examine(self, patient: Patient) -> list[Finding]:
        """What it found."""


MACHINE: tuple[MachineCheck, ...] = (python, ffmpeg, ports, descriptors, key_file, clock)
# `reach` finds the hub and `source` what is live; then the others look at that, all at once.
HUB: tuple[HubCheck, ...] = (gop, buffering, websocket, publishing, clocks)


async def examine_machine(page: Page | None, tell: Tell) -> list[Finding]:
    """This machine, as one that is to run a hub; and a browser, where there is a ``page``."""
    found = await _all([(check.NAME, check.examine) for check in MACHINE])
    return found + await _browser(page, {}, tell)


async def examine_hub(url: HubUrl, token: str, page: Page | None, tell: Tell) -> list[Finding]:
    """The hub or the channel at ``url``; and whether a browser can show it."""
    key = url.token or token
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # The certificates of the system, or those that SSL_CERT_FILE names.
    connector = aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        patient = Patient(session, url.http)
        found = await _one(reach.NAME, partial(reach.examine, patient))
        if patient.channels:
            found += await _one(source.NAME, partial(source.examine, patient))
            found += await _all([(each.NAME, partial(each.examine, patient)) for each in HUB])
        return found + await _browser(page, await browser.mimes_of(patient), tell)


async def _browser(page: Page | None, mimes: Mapping[str, str], tell: Tell) -> list[Finding]:
    if page is None:
        return []
    found = await browser.examine_browser(*page, mimes, tell)
    return [replace(finding, check=browser.NAME) for finding in found]


async def _all(checks: Sequence[tuple[str, Examine]]) -> list[Finding]:
    """They do not wait for each other."""
    found = await asyncio.gather(*(_one(name, examine) for name, examine in checks))
    return [finding for findings in found for finding in findings]


async def _one(name: str, examine: Examine) -> list[Finding]:
    """What one check found, with its name. A connection that breaks is a finding too."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            found = await examine()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        reason = str(error) or "no answer in time"
        found = [wrong(f"could not be examined: {reason}", "look into the log of hub and proxy")]
    return [replace(finding, check=name) for finding in found]
