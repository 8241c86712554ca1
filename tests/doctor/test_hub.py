"""`televise doctor URL`: each fault between source and browser is brought about, and found."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from televise.doctor.checks import reach
from tests.conftest import Needs
from tests.deploy.proxies import free_ports, nginx, running
from tests.doctor.hubs import Report, examined
from tests.sources.web_server import WebServer
from tests.support.process import Running, televise
from tests.support.server import SMALL

LOCATION = "proxy_pass http://127.0.0.1:HUB; proxy_set_header Host $http_host;"
UPGRADE = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    "proxy_set_header Connection upgrade;"
)
UNBUFFERED = "proxy_buffering off; proxy_request_buffering off; client_max_body_size 0;"
# What each of these nginx does wrong, and no more than that.
SITES = {
    "good": f"location / {{ {LOCATION} {UPGRADE} {UNBUFFERED} }}",
    "buffering": f"location / {{ {LOCATION} {UPGRADE} proxy_ignore_headers X-Accel-Buffering; "
    "client_max_body_size 0; }",
    "no upgrade": f"location / {{ {LOCATION} {UNBUFFERED} proxy_http_version 1.1; }}",
    "small bodies": f"location / {{ {LOCATION} {UPGRADE} proxy_buffering off; }}",
    "other name": "location / { proxy_pass http://127.0.0.1:HUB; "
    "proxy_set_header Host strange.example; }",
    "away": "location / { proxy_pass http://127.0.0.1:1; }",
}


@dataclass
class Ward:
    """One hub, and one nginx with a port for each of ``SITES``; one more port is for Caddy."""

    hub: Running
    ports: dict[str, int]
    folder: Path

    def url(self, site: str) -> str:
        return f"http://127.0.0.1:{self.ports[site]}"

    def examined(self, site: str, name: str = "/cam") -> Report:
        return examined(self.url(site) + name)


@pytest.fixture(scope="module")
def long_gop(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> Path:
    """A film with a keyframe every ten seconds."""
    film = tmp_path_factory.mktemp("films") / "long.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=15", "-t", "20"]
    gop = ["-bf", "0", "-g", "150", "-keyint_min", "150", "-sc_threshold", "0"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", *gop]
    colours = ["-pix_fmt", "yuv420p"]
    subprocess.run([needs("ffmpeg"), "-v", "error", *picture, *coding, *colours, film], check=True)
    return film


@pytest.fixture(scope="module")
def ward(needs: Needs, tmp_path_factory: pytest.TempPathFactory, long_gop: Path) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    ports = dict(zip((*SITES, "Caddy"), free_ports(len(SITES) + 1), strict=True))
    origins = [f"http://127.0.0.1:{port}" for port in ports.values()]
    sources = [f"cam={SMALL}", f"long={long_gop}", "live=publish:", "--rtmp", "off"]
    names = [word for origin in origins for word in ("--origin", origin)]
    with televise(*sources, *names, log=folder / "hub.log") as hub:
        servers = "\n".join(
            f"server {{ listen 127.0.0.1:{ports[site]}; {rules.replace('HUB', str(hub.port))} }}"
            for site, rules in SITES.items()
        )
        with nginx(needs("nginx"), folder, ports["away"], servers):
            yield Ward(hub, ports, folder)


def test_nothing_is_wrong_where_nothing_is(ward: Ward) -> None:
    report = ward.examined("good")
    assert report.code == 0, report.findings
    found = {each["check"] for each in report.findings}
    assert found == {"reach", "source", "gop", "buffering", "websocket", "clocks"}
    assert "nginx" in report.text("reach")


def test_nothing_is_between_where_nothing_is(ward: Ward) -> None:
    report = examined(f"http://127.0.0.1:{ward.hub.port}/cam")
    assert report.code == 0, report.findings
    assert "through" not in report.text("reach")


def test_caddy_is_known_by_its_name(ward: Ward, needs: Needs, tmp_path: Path) -> None:
    config, port = tmp_path / "Caddyfile", ward.ports["Caddy"]
    config.write_text(
        f"{{\n\tadmin off\n\tgrace_period 10ms\n}}\nhttp://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n"
        f"\treverse_proxy 127.0.0.1:{ward.hub.port} {{\n\t\tflush_interval -1\n\t}}\n}}\n"
    )
    command = ["env", f"HOME={tmp_path}", needs("caddy"), "run", "--config", str(config)]
    with running(command, port, tmp_path / "caddy.log"):
        report = ward.examined("Caddy")
    assert report.code == 0, report.findings
    assert "through Caddy: cam" in report.text("reach")


@pytest.mark.parametrize(
    ("server", "via", "name"),
    [
        (["televise"], "", ""),
        (["nginx/1.22.1"], "", "nginx/1.22.1"),
        (["Caddy", "televise"], "", "Caddy"),
        (["televise"], "1.1 Caddy", "Caddy"),
        (["televise"], "1.1 varnish (Varnish/7.1), 1.1 Caddy", "varnish"),
        ([], "nothing", ""),
    ],
)
def test_who_stands_between(server: list[str], via: str, name: str) -> None:
    headers = CIMultiDict([("Server", each) for each in server])
    headers["Via"] = via
    assert reach._proxy(CIMultiDictProxy(headers)) == name


def test_a_source_with_b_frames(needs: Needs, tmp_path: Path) -> None:
    picture = ["-re", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=15", "-t", "60"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    coding += ["-bf", "2", "-g", "15", "-f", "mpegts"]
    send = [needs("ffmpeg"), "-v", "error", "-nostdin", *picture, *coding, "-"]

    def camera(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "video/mp2t")
        request.end_headers()
        with subprocess.Popen(send, stdout=subprocess.PIPE) as sending:
            try:
                assert sending.stdout is not None
                shutil.copyfileobj(sending.stdout, request.wfile, 188)
            finally:
                sending.kill()

    with (
        WebServer(camera) as server,
        televise(f"door={server.url()}", "--rtmp", "off", log=tmp_path / "hub.log") as hub,
    ):
        report = examined(f"http://127.0.0.1:{hub.port}/door")
    assert report.code == 0, report.findings
    assert "door: its video is encoded anew: it has B-frames" in report.text("source")
    assert "without B-frames" in report.text("source")


def test_a_proxy_that_holds_pictures_back(ward: Ward) -> None:
    report = ward.examined("buffering", "")
    assert "nginx" in report.text("buffering")
    assert "proxy_buffering off" in report.text("buffering")
    assert report.level("buffering") == report.level("publishing") == "wrong"
    assert "proxy_request_buffering off" in report.text("publishing")
    assert report.level("websocket") == "ok"
    # The rest is wrong with the channels, not with the proxy: a film with few keyframes, and
    # nobody who publishes.
    assert report.level("gop") == "wrong"
    assert "long: more than 4 s without a keyframe" in report.text("gop")
    assert "cam: a keyframe after" in report.text("gop")
    assert report.level("source") == "wrong"
    assert "live (publish:)" in report.text("source")
    assert "televise token live" in report.text("source")


def test_a_proxy_that_refuses_upgrade(ward: Ward) -> None:
    report = ward.examined("no upgrade")
    assert report.level("websocket") == "wrong"
    assert "Upgrade" in report.text("websocket")
    assert report.level("buffering") == "ok"


def test_a_proxy_that_wants_small_requests(ward: Ward) -> None:
    report = ward.examined("small bodies", "/live")
    assert "413" in report.text("publishing")
    assert "client_max_body_size" in report.text("publishing")


@pytest.mark.parametrize(
    ("name", "said", "fix"),
    [
        ("away", "answers 502", "start the hub"),
        ("nothing", "nobody answers", "start the hub"),
        ("no channel", "no channel nosuch; there is: ", "for those that there are"),
        ("no stream", "no channel nosuch; there is: ", "for those that there are"),
        ("no hub", "no hub of televise", "URL of a page"),
        ("name", "does not know that name", "--origin http://127.0.0.1"),
    ],
)
def test_a_hub_that_cannot_be_reached(ward: Ward, name: str, said: str, fix: str) -> None:
    (free,) = free_ports(1)
    url = {
        "away": ward.url("away"),
        "nothing": f"http://127.0.0.1:{free}/cam",
        "no channel": f"{ward.url('good')}/nosuch",
        "no stream": f"{ward.url('good')}/nosuch.mp4",
        "no hub": f"{ward.url('good')}/assets/more/televise.js",
        "name": ward.url("other name"),
    }[name]
    report = examined(url)
    assert report.code == 1
    assert said in report.text("reach")
    assert fix in report.text("reach")


def test_clocks_that_differ(ward: Ward, needs: Needs) -> None:
    library = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
    if not library.exists():
        needs("faketime")
    late = {"LD_PRELOAD": str(library), "FAKETIME": "-2h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    report = examined(ward.url("good") + "/cam", **late)
    assert report.level("clocks") == "wrong"
    assert "7200" in report.text("clocks").replace("7199.", "7200.")
    assert report.level("websocket") == "ok"
