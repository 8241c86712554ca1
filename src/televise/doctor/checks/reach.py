"""Whether a hub answers at the URL, and which of its channels are meant."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy

from televise.doctor.finding import Finding, note, ok, wrong
from televise.doctor.patient import ANSWER_SECONDS, Patient
from televise.model.name import is_name

NAME = "reach"
# More are not examined: each is opened for that.
MOST_CHANNELS = 8
# What the hub itself answers with; a proxy puts its own name there, beside it, or in Via.
_OWN_SERVER = "televise"
_BAD_GATEWAY = (502, 504)


async def examine(patient: Patient) -> list[Finding]:
    """Finds the hub and its channels: without them nothing else can be examined."""
    found: list[Finding] = []
    try:
        for base, name in _readings(patient.asked):
            found = await _look(patient, base, name)
            if patient.base:
                break
    except aiohttp.ClientConnectorCertificateError as error:
        return [_bad_certificate(error)]
    except aiohttp.ClientConnectorError as error:
        return [_unreachable(patient, error)]
    return found


def _readings(asked: str) -> Iterator[tuple[str, str]]:
    """A hub's URL; or else a channel's, or one of its streams', and what is before it is the
    hub's."""
    yield asked, ""
    before, _, last = asked.rpartition("/")
    name = last.partition(".")[0]
    if urlsplit(before).netloc and is_name(name):
        yield before, name


async def _look(patient: Patient, base: str, name: str) -> list[Finding]:
    """What is at ``base``: a hub, and its channels (the one of that name only), or none."""
    async with asyncio.timeout(ANSWER_SECONDS):
        async with patient.session.get(f"{base}/api/channels") as answer:
            patient.proxy = _proxy(answer.headers) or patient.proxy
            if answer.status != 200:
                return [_refused(patient, base, answer.status)]
            try:
                channels = (await answer.json())["channels"]
            except (ValueError, KeyError, TypeError, aiohttp.ContentTypeError):
                return [_no_hub(base)]
            patient.base = str(answer.url).removesuffix("/api/channels")
    meant = [each for each in channels if name in ("", each["name"])]
    if name and not meant:
        return [_no_such_channel(patient, name, channels)]
    patient.channels = meant[:MOST_CHANNELS]
    return [_reached(patient), *_too_few_or_many(meant)]


def _proxy(headers: CIMultiDictProxy[str]) -> str:
    """Who names itself; in Via (RFC 9110 section 7.6.3) behind a version."""
    servers = [each for each in headers.getall("Server", ()) if each != _OWN_SERVER]
    ways = [each.split() for each in headers.get("Via", "").split(",")]
    names = [*servers, *(way[1] for way in ways if len(way) > 1)]
    return names[0][:40] if names else ""


def _reached(patient: Patient) -> Finding:
    through = f" through {patient.proxy}" if patient.proxy else ""
    names = ", ".join(str(each["name"]) for each in patient.channels)
    return ok(f"a hub answers at {patient.base}{through}: {names or 'no channels'}")


def _too_few_or_many(channels: list[dict[str, Any]]) -> list[Finding]:
    if not channels:
        return [note("it has no channels: nothing else can be examined")]
    if len(channels) > MOST_CHANNELS:
        return [note(f"only the first {MOST_CHANNELS} channels are examined", "give one's URL")]
    return []


def _no_such_channel(patient: Patient, name: str, channels: list[dict[str, Any]]) -> Finding:
    names = ", ".join(str(each["name"]) for each in channels[:MOST_CHANNELS])
    return wrong(
        f"there is no channel {name}; there is: {names or 'none'}",
        f"see {patient.base}/ for those that there are",
    )


def _refused(patient: Patient, base: str, status: int) -> Finding:
    if status == 421:
        return wrong(
            "the hub does not know that name of its own",
            f"televise serve --origin {'/'.join(base.split('/')[:3])}",
        )
    if status in (401, 403):
        return wrong(f"it wants another key ({status})", "add ?token=KEY: televise token makes one")
    if status in _BAD_GATEWAY:
        return wrong(
            f"{patient.between} answers {status}: it does not reach the hub",
            "start the hub, or mend the address in the proxy's configuration",
        )
    return _no_hub(base)


def _no_hub(base: str) -> Finding:
    return wrong(f"no hub of televise answers at {base}", "give the URL of a page of it")


def _bad_certificate(error: aiohttp.ClientConnectorCertificateError) -> Finding:
    return wrong(
        f"its certificate is not to be trusted: {error.certificate_error}",
        "have it issued for this name, with its whole chain; SSL_CERT_FILE names one of your own",
    )


def _unreachable(patient: Patient, error: aiohttp.ClientConnectorError) -> Finding:
    number = error.os_error.errno
    reason = os.strerror(number).lower() if number and number > 0 else str(error.os_error)
    return wrong(
        f"nobody answers at {patient.asked}: {reason}",
        "start the hub there; beyond its own machine it must listen with --host",
    )
