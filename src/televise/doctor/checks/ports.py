"""The usual ports: whether they can be had, or a hub has them already."""

import asyncio
import socket

import aiohttp

from televise.doctor.finding import Finding, note, ok, wrong

NAME = "ports"
WEB_PORT, RTMP_PORT = 8080, 1935
ANSWER_SECONDS = 3.0


async def examine() -> list[Finding]:
    """For viewers, and for publishers by RTMP."""
    return [await of_web(WEB_PORT), of_rtmp(RTMP_PORT)]


async def of_web(port: int) -> Finding:
    """Where browsers come to."""
    if _is_free(port):
        return ok(f"port {port} is free")
    if await _is_hub(port):
        return ok(f"port {port}: a hub of televise listens there")
    return wrong(
        f"port {port} is in use by another program",
        f"televise serve --port {port + 1}, or see who has it: ss -ltnp 'sport = :{port}'",
    )


def of_rtmp(port: int) -> Finding:
    """Where OBS and ffmpeg publish to."""
    if _is_free(port):
        return ok(f"port {port} (RTMP) is free")
    return note(f"port {port} (RTMP) is in use", f"for publishers: --rtmp {port + 1}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _is_hub(port: int) -> bool:
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/api/openapi.json") as answer,
        ):
            return b"televise" in await answer.content.read(65536)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
