"""Whether a publisher's endless request reaches the hub at once.

What is sent is the head of a request without a key, and a byte now and then: the hub refuses it at
once. A proxy that first wants all of the body, or none so large, gives itself away.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from televise.doctor.finding import Finding, ok, wrong
from televise.doctor.patient import Patient

NAME = "publishing"
ANSWER_SECONDS = 5.0
PIECE_SECONDS = 0.1
# More than proxies usually allow.
SIZE = 64 << 20
_TOO_LARGE = 413
_FIX_SIZE = "nginx: client_max_body_size 0 (deploy/nginx)"
_FIX_BUFFER = "nginx: proxy_request_buffering off (deploy/nginx); others: pass requests on at once"


async def examine(patient: Patient) -> list[Finding]:
    """Only where something can be published by HTTP."""
    for channel in patient.channels:
        if channel["source"].startswith("publish:"):
            return [await _try(patient, str(channel["name"]))]
    return []


async def _try(patient: Patient, name: str) -> Finding:
    url, done = f"{patient.base}/{name}.ts", asyncio.Event()
    headers = {"Content-Length": str(SIZE), "Authorization": "", "Content-Type": "video/mp2t"}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with patient.session.post(url, data=_trickle(done), headers=headers) as answer:
                done.set()
                status = answer.status
    except TimeoutError:
        return wrong(f"{patient.between} holds back what is published", _FIX_BUFFER)
    finally:
        done.set()
    if status == _TOO_LARGE:
        return wrong(f"{patient.between} takes no streams of publishers (413)", _FIX_SIZE)
    return ok("what is published comes through at once")


async def _trickle(done: asyncio.Event) -> AsyncIterator[bytes]:
    """A body that hardly comes on; proxies written in Go pass an answer on between two pieces."""
    while not done.is_set():
        yield b"\x47"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PIECE_SECONDS):
                await done.wait()
