"""Streams fetched from elsewhere, and all that can go wrong there."""

import os
import signal
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from televise.errors import SourceError
from televise.formats import h264
from televise.sources.pull import PullSource
from tests.conftest import Needs
from tests.media.films import COUNT, RATE, check_plays, make, numbers, ramp, tone
from tests.media.rig import H264, JPEG, Run, running, steps
from tests.sources.rtsp_server import Camera
from tests.sources.tls_server import Certificate, TlsServer, make_certificate
from tests.sources.viewer import Viewer
from tests.sources.web_server import Answer, WebServer, content, status
from tests.support.waiting import wait_until

NO_B = ("-c:v", "libx264", "-g", "10", "-tune", "zerolatency")
SECRET = "s3cr3t"


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def live(*arguments: str) -> list[str]:
    """A film without end, at the speed at which it plays."""
    inputs = ["-re", "-stream_loop", "-1", *ramp(count=10 * COUNT), "-re", *tone(600)]
    return ["ffmpeg", "-v", "error", "-nostdin", *inputs, *arguments, "-flush_packets", "1"]


class Listening:
    """An ffmpeg that waits at ``url`` for one who wants its live film, and then for the next."""

    def __init__(self, url: str, *arguments: str) -> None:
        self._command = [*live(*arguments), "-listen", "1", url]
        self._port = urlsplit(url).port
        self._killed = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Listening":
        self._thread.start()
        wait_until(lambda: _listens(self._port))
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def _run(self) -> None:
        while not self._killed:
            self.process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
            self.process.wait()

    def kill(self) -> None:
        self._killed = True
        self.process.kill()
        self._thread.join()


def _listens(port: int | None) -> bool:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(f":{port:04X} 00000000:0000 0A" in line for line in lines)


def streaming(kind: str, *arguments: str) -> Answer:
    """Answers with a live film of its own for each who asks."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.end_headers()
        with subprocess.Popen([*live(*arguments), "-"], stdout=subprocess.PIPE) as source:
            assert source.stdout is not None
            try:
                while data := os.read(source.stdout.fileno(), 65536):
                    request.wfile.write(data)
            finally:
                source.kill()

    return answer


def check(run: Run) -> None:
    """It is the film, in order, and nothing is missing."""
    is_jpeg = run.track("video").codec == "mjpeg"
    data = b"".join(packet.data for packet in run.of("video")) if is_jpeg else run.mp4()
    shown = numbers(data, (160, 120))
    assert all((after - before) % COUNT == 1 for before, after in pairwise(shown))
    assert len(shown) >= 10
    assert min(steps(run, "video")) > 0


STREAMS = [
    ("video/mp2t", H264, (*NO_B, "-c:a", "aac", "-f", "mpegts")),
    ("video/x-flv", H264, (*NO_B, "-c:a", "aac", "-f", "flv")),
    ("video/mp4", H264, (*NO_B, "-c:a", "aac", "-movflags", "frag_every_frame+empty_moov",
                         "-f", "mp4")),
    ("video/webm", H264, (*NO_B, "-an", "-f", "matroska")),
    ("multipart/x-mixed-replace; boundary=ffmpeg", JPEG,
     ("-an", "-c:v", "mjpeg", "-q:v", "2", "-f", "mpjpeg")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "rendition", "arguments"), STREAMS, ids=[row[0].split(";")[0] for row in STREAMS]
)
def test_plays_streams_of_web_servers(
    kind: str, rendition: object, arguments: tuple[str, ...]
) -> None:
    with WebServer(streaming(kind, *arguments)) as server, running(server.url()) as worker:
        number = worker.subscribe(H264 if rendition == H264 else JPEG)
        run = worker.collect(number, 1.2)[-1]
        if "-an" not in arguments:
            assert "audio" in worker.announced()
            check_plays(run.mp4())
    assert run.track("video").delivery == "passthrough"
    check(run)


def test_plays_rtmp() -> None:
    url = f"rtmp://127.0.0.1:{free_port()}/live/film"
    with Listening(url, *NO_B, "-c:a", "aac", "-f", "flv"), running(url) as worker:
        run = worker.collect(worker.subscribe(H264), 1.0)[-1]
        assert set(worker.announced()) == {"video", "audio"}
    check(run)


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    film = make(tmp_path / "film.h264", *ramp(), *NO_B, "-x264-params", "aud=1:repeat-headers=1")
    units: list[list[bytes]] = []
    for nal in h264.split_annexb(film.read_bytes()):
        if h264.nal_type(nal) == h264.AUD:
            units.append([])
        else:
            units[-1].append(nal)
    assert len(units) == COUNT
    return Camera(units, RATE, SECRET)


def test_plays_rtsp_with_a_password(camera: Camera) -> None:
    with camera, running(f"rtsp://admin:{SECRET}@127.0.0.1:{camera.port}/main") as worker:
        run = worker.collect(worker.subscribe(H264), 1.0)[-1]
    assert run.track("video").delivery == "passthrough"
    check(run)


def test_plays_rtsp_over_udp_where_a_camera_refuses_tcp(camera: Camera) -> None:
    camera.over_udp = True
    with camera, running(f"rtsp://admin:{SECRET}@127.0.0.1:{camera.port}/main") as worker:
        run = worker.collect(worker.subscribe(H264), 1.0)[-1]
    setups = [request for request in camera.requests if request.startswith("SETUP")]
    assert len(setups) >= 2, "first it was asked for TCP"
    assert run.track("video").delivery == "passthrough"
    check(run)


@pytest.mark.parametrize("ours", ["udp://:{}", "udp://127.0.0.1:{}"])
def test_plays_mpegts_over_udp(ours: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    output = ["-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"]
    with subprocess.Popen(live(*NO_B, "-c:a", "aac")[:-2] + output) as source:
        try:
            with running(ours.format(port)) as worker:
                run = worker.collect(worker.subscribe(H264), 1.0)[-1]
                assert set(worker.announced()) == {"video", "audio"}
        finally:
            source.kill()
    check(run)


@pytest.fixture(scope="module")
def certificate(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(needs("openssl"), tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("scheme", ["rtsps", "rtmps"])
def test_certificates_are_checked(
    scheme: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{scheme}://localhost:{{}}/live/{SECRET}"
    with TlsServer(certificate, b"nothing of that kind") as server:
        source = PullSource(url.format(server.port), "shown")
        with pytest.raises(SourceError, match=r"^shown: no connection over TLS: where its cert"):
            source.run(Viewer(H264, 1).intake)
        assert server.heard == []
        # Where it is trusted, it is spoken to.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        with pytest.raises(SourceError):
            source.run(Viewer(H264, 1).intake)
        assert server.heard


def test_rtsp_with_a_wrong_password(camera: Camera) -> None:
    with camera, running(f"rtsp://admin:wrong{SECRET}@127.0.0.1:{camera.port}/main") as worker:
        state = worker.wait_for_state("offline")
        assert SECRET not in str(worker.messages)
    place = f"rtsp://***@127.0.0.1:{camera.port}/main"
    assert state.text == f"{place}: the server asks for a user and a password (401)"
    assert not state.final


@pytest.mark.parametrize("kind", ["mpegts", "flv"])
def test_a_source_that_dies_comes_back(kind: str) -> None:
    scheme = "rtmp" if kind == "flv" else "http"
    url = f"{scheme}://127.0.0.1:{free_port()}/live/film"
    arguments = (*NO_B, "-c:a", "aac", "-f", kind)
    with running(f"{url}?key={SECRET}") as worker:
        number = worker.subscribe(H264)
        worker.wait_for_state("offline", text="connection refused")
        with Listening(url, *arguments) as server:
            worker.collect(number, 0.5)
            heard = len(worker.messages)
            server.kill()
            state = worker.wait_for_state("offline", after=heard)
        assert state.text
        assert not state.final
        heard = len(worker.messages)
        with Listening(url, *arguments):
            worker.wait_for_state("live", after=heard)
            before, after = worker.collect(number, 0.5, epochs=2)[-2:]
        assert SECRET not in str(worker.messages)
        assert worker.process.poll() is None
    assert after.packets[0].keyframe
    assert after.epoch == before.epoch + 1
    assert after.packets[0].seconds > before.packets[-1].seconds
    check(after)


def test_a_source_that_freezes_is_told_of_and_recovers() -> None:
    url = f"http://127.0.0.1:{free_port()}/film.ts"
    arguments = (*NO_B, "-c:a", "aac", "-f", "mpegts")
    with Listening(url, *arguments) as server, running(url) as worker:
        number = worker.subscribe(H264)
        worker.collect(number, 0.5)
        heard = len(worker.messages)
        server.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: " T " in Path(f"/proc/{server.process.pid}/stat").read_text())
        state = worker.wait_for_state("stalled", after=heard)
        assert state.text == "no picture for 3 s"
        heard = len(worker.messages)
        server.process.send_signal(signal.SIGCONT)
        worker.wait_for_state("live", after=heard)
        run = worker.collect(number, 0.5)[-1]
    assert min(steps(run, "video")) > 0


def test_a_film_on_a_web_server_is_paced(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *ramp(count=8 * COUNT), *tone(4.8), *NO_B, "-c:a", "aac")
    answer = content(film.read_bytes(), "video/mp4")
    with WebServer(answer) as server, running(server.url("/film.mp4")) as worker:
        number = worker.subscribe(H264)
        worker.wait_for_state("offline", text="the stream has ended")
        run = worker.runs(number)[0]
    media = run.seconds("video")[-1] - run.seconds("video")[0]
    took = (run.packets[-1].captured - run.packets[0].captured) / 1e9
    assert media > 2.6
    assert took > media - 2.2, "it may be ahead by two seconds"


def test_turns_films_of_web_servers_too(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain.mp4", *ramp(), *NO_B)
    turn = ("-c", "copy", "-metadata:s:v", "rotate=90", "-movflags", "faststart")
    film = make(tmp_path / "film.mp4", "-i", str(plain), *turn)
    answer = content(film.read_bytes(), "video/mp4")
    with WebServer(answer) as server, running(server.url("/film.mp4")) as worker:
        run = worker.collect(worker.subscribe(H264), 0.1)[-1]
    assert (run.tracks[0].width, run.tracks[0].height) == (120, 160)


PAGE = b"<!doctype html><title>Camera</title><p>Log in" + b"." * 5000
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXTINF:1,\nfile:CANARY\n"
CONCAT = b"ffconcat version 1.0\nfile file:CANARY\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
MPD = b"<?xml version='1.0'?><MPD><Period><BaseURL>file:CANARY</BaseURL></Period></MPD>"
MISLED = "it redirects too often, or to what is no web address"
BAD: list[tuple[str, Answer, str]] = [
    ("/missing", status(404), "the server answers 404, not found"),
    ("/forbidden", status(403), "the server refuses (403)"),
    ("/broken", status(500), "the server answers 500"),
    ("/locked", status(401, WWW_Authenticate='Basic realm="x"'),
     "the server asks for a user and a password (401)"),
    ("/page", content(PAGE, "text/html"), "not a"),
    ("/nothing", content(b"", "video/mp2t"), "not a"),
    ("/playlist", content(PLAYLIST, "application/vnd.apple.mpegurl"), "not a"),
    ("/list.m3u8", content(PLAYLIST, "application/vnd.apple.mpegurl"), "not a"),
    ("/concat", content(CONCAT, "text/plain"), "not a"),
    ("/sdp", content(SDP, "application/sdp"), "not a"),
    ("/a.sdp", content(SDP, "application/sdp"), "not a"),
    ("/dash", content(MPD, "application/dash+xml"), "not a"),
    ("/redirect", status(302, Location="file:CANARY"), MISLED),
    ("/redirect2", status(302, Location="file:///CANARY"), MISLED),
    ("/redirect3", status(302, Location="concat:CANARY"), MISLED),
    ("/redirect4", status(302, Location="tcp://127.0.0.1:9/"), MISLED),
    ("/redirect5", status(302, Location="/redirect5"), MISLED),
    ("/redirect6", status(302, Location="ftp://127.0.0.1:9/"), MISLED),
]  # fmt: skip


@pytest.mark.parametrize(("path", "answer", "text"), BAD, ids=[row[0] for row in BAD])
def test_says_in_one_line_why_it_cannot_play(path: str, answer: Answer, text: str) -> None:
    with WebServer(answer) as server, running(server.url(path, f"admin:{SECRET}@")) as worker:
        worker.subscribe(H264)
        state = worker.wait_for_state("offline")
        tries = len(server.paths)
        wait_until(lambda: len(server.paths) > tries + 1)
        assert SECRET not in str(worker.messages)
    place = server.url(path, "***@")
    assert state.text.lower().startswith(f"{place}: {text}".lower())
    assert "\n" not in state.text
    assert not state.final
    assert set(server.paths) == {path}, "nothing that the answer names is asked for"


@pytest.mark.parametrize("way", ["playlist", "concat", "redirect"])
def test_never_reads_a_file_that_an_answer_names(way: str, tmp_path: Path) -> None:
    """The canary is a pipe: whoever opened it to read would let us open it to write."""
    canary = tmp_path / "canary.ts"
    os.mkfifo(canary)
    reference = f"file:{canary}".encode()
    answers = {
        "playlist": content(PLAYLIST.replace(b"file:CANARY", reference), "audio/mpegurl"),
        "concat": content(CONCAT.replace(b"file:CANARY", reference), "text/plain"),
        "redirect": status(302, Location=reference.decode()),
    }
    with WebServer(answers[way]) as server, running(server.url()) as worker:
        worker.subscribe(H264)
        wait_until(lambda: len(server.paths) > 2)
        with pytest.raises(OSError, match="No such device"):  # ENXIO: nobody reads it
            os.open(canary, os.O_WRONLY | os.O_NONBLOCK)


def test_no_answer_at_all() -> None:
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with running(place) as worker:
            state = worker.wait_for_state("offline")
    assert state.text == f"{place}: no answer in time"


def test_a_name_that_nobody_knows() -> None:
    with running("http://nowhere.invalid/x") as worker:
        state = worker.wait_for_state("offline")
    assert state.text.startswith("http://nowhere.invalid/x: ")
    assert not state.final
