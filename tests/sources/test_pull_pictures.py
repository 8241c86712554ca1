"""Cameras that send JPEG pictures over HTTP: each is there as soon as the camera has sent it."""

import hashlib
import re
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from televise.formats import jpeg
from televise.link.messages import State
from tests.conftest import Needs
from tests.media.films import COUNT, make, numbers, ramp
from tests.media.rig import JPEG, Worker, running
from tests.sources.web_server import Answer, WebServer
from tests.support.waiting import LIMIT_SECONDS

SECRET = "s3cr3t"


@pytest.fixture
def pictures(needs: Needs, tmp_path: Path) -> list[bytes]:
    needs("ffmpeg")
    make(tmp_path / "%02d.jpg", *ramp(), "-q:v", "2")
    found = [path.read_bytes() for path in sorted(tmp_path.glob("*.jpg"))]
    assert len(found) == COUNT
    return found


def part(data: bytes, length: bool) -> bytes:
    size = f"Content-Length: {len(data)}\r\n" if length else ""
    return f"--x\r\nContent-Type: image/jpeg\r\n{size}\r\n".encode() + data + b"\r\n"


def has(worker: Worker, number: int, count: int) -> bool:
    return sum(len(run.packets) for run in worker.runs(number)) >= count


@pytest.mark.parametrize("length", [True, False])
def test_a_picture_does_not_wait_for_the_next(length: bool, pictures: list[bytes]) -> None:
    seen = threading.Semaphore(0)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=x")
        request.end_headers()
        for picture in pictures:
            # Not even the line after it is sent before somebody has seen it.
            request.wfile.write(part(picture, length)[:-2])
            assert seen.acquire(timeout=LIMIT_SECONDS)
            request.wfile.write(b"\r\n")

    with WebServer(answer) as server, running(server.url()) as worker:
        number = worker.subscribe(JPEG)
        for count in range(1, COUNT + 1):
            worker.wait_for(partial(has, worker, number, count))
            seen.release()
        (run, *_) = worker.runs(number)
    assert [packet.data for packet in run.packets[:COUNT]] == pictures
    assert run.track("video").delivery == "passthrough"


def snapshots(pictures: list[bytes]) -> Answer:
    """One picture for each request."""
    served = iter(pictures * 100)

    def answer(request: BaseHTTPRequestHandler) -> None:
        data = next(served)
        request.send_response(200)
        request.send_header("Content-Type", "image/jpeg")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    return answer


def test_a_camera_that_gives_one_picture_is_asked_again(pictures: list[bytes]) -> None:
    with WebServer(snapshots(pictures)) as server, running(server.url("/shot.jpg")) as worker:
        run = worker.collect(worker.subscribe(JPEG), 1.0)[-1]
        states = {each.state for each in worker.messages if isinstance(each, State)}
    assert len(worker.runs(1)) == 1
    assert states == {"live"}
    shown = [packet.data for packet in run.packets]
    first = pictures.index(shown[0])  # on a busy machine one that came later
    assert shown == pictures[first : first + len(shown)]
    assert 3 <= len(shown) <= 7, "five a second"


def digest(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def guarded(allowed: Callable[[str, str], bool], challenge: str, answer: Answer) -> Answer:
    """Asks for a password first."""

    def check(request: BaseHTTPRequestHandler) -> None:
        if allowed(request.headers.get("Authorization", ""), request.path):
            answer(request)
            return
        request.send_response(401)
        request.send_header("WWW-Authenticate", challenge)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return check


def is_digest(header: str, path: str) -> bool:
    """RFC 7616 section 3.4.1, with MD5 as cameras have it."""
    values = dict(re.findall(r'(\w+)="?([^",]*)"?', header))
    if not header.startswith("Digest "):
        return False
    first, second = digest(f"admin:cam:{SECRET}"), digest(f"GET:{path}")
    parts = (first, values["nonce"], values["nc"], values["cnonce"], "auth", second)
    return bool(values["response"] == digest(":".join(parts)))


def is_basic(header: str, path: str) -> bool:
    return header == "Basic YWRtaW46czNjcjN0"


@pytest.mark.parametrize(
    ("allowed", "challenge"),
    [
        (is_digest, 'Digest realm="cam", nonce="abc", qop="auth"'),
        (is_basic, 'Basic realm="cam"'),
    ],
)
def test_passwords(
    allowed: Callable[[str, str], bool], challenge: str, pictures: list[bytes]
) -> None:
    answer = guarded(allowed, challenge, snapshots(pictures))
    with WebServer(answer) as server:
        with running(server.url("/shot.jpg?a=1", f"admin:{SECRET}@")) as worker:
            worker.collect(worker.subscribe(JPEG), 0.3)
        with running(server.url("/shot.jpg?a=1", f"admin:{SECRET}x@")) as worker:
            state = worker.wait_for_state("offline")
            assert SECRET not in str(worker.messages)
    place = server.url("/shot.jpg?***", "***@")
    assert state.text == f"{place}: the server asks for a user and a password (401)"


def test_a_redirect_elsewhere_does_not_get_the_password(pictures: list[bytes]) -> None:
    heard: list[str] = []

    def listen(request: BaseHTTPRequestHandler) -> None:
        heard.append(request.headers.get("Authorization", ""))
        request.send_response(401)
        request.send_header("WWW-Authenticate", 'Basic realm="x"')
        request.send_header("Content-Length", "0")
        request.end_headers()

    with WebServer(listen) as thief:

        def redirect(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", thief.url())
            request.send_header("Content-Length", "0")
            request.end_headers()

        answer = guarded(is_basic, 'Basic realm="cam"', redirect)
        with WebServer(answer) as server, running(server.url("/", f"admin:{SECRET}@")) as worker:
            worker.wait_for_state("offline", text="(401)")
    assert heard
    assert set(heard) == {""}


def test_pictures_that_are_too_large() -> None:
    huge = bytearray(jpeg.SOI + b"\xff\xc0\0\x11\x08\x23\x28\x23\x28\3\1\x22\0\2\x11\1\3\x11\1")
    data = bytes(huge) + b"\xff\xd9"
    assert jpeg.size(data) == (9000, 9000)
    with WebServer(snapshots([data])) as server, running(server.url("/a.jpg")) as worker:
        state = worker.wait_for_state("offline")
    limit = "its pictures have 9000x9000 pixels; the limit is 4096x2304"
    assert state.text == f"{server.url('/a.jpg')}: {limit}"


def test_a_film_of_one_colour_is_a_film(pictures: list[bytes]) -> None:
    """What comes in one answer as many pictures is not asked for again until it ends."""
    first, *others = (part(picture, False) for picture in pictures)
    watched = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=x")
        request.end_headers()
        request.wfile.write(first)
        watched.wait(LIMIT_SECONDS)
        request.wfile.write(b"".join(others))

    with WebServer(answer) as server, running(server.url()) as worker:
        number = worker.subscribe(JPEG)
        worker.wait_for(lambda: worker.runs(number))
        watched.set()
        worker.wait_for_state("offline", text="the stream has ended")
        (run, *_) = worker.runs(number)
    shown = numbers(b"".join(packet.data for packet in run.packets), (160, 120))
    assert shown[:COUNT] == list(range(COUNT))
