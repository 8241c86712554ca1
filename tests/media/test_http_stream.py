"""Certificates of web servers, and films that are read in any order."""

import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from televise.errors import SourceError
from televise.media.http_stream import HttpStream
from tests.conftest import Needs
from tests.sources.tls_server import Certificate, TlsServer, make_certificate
from tests.sources.web_server import WebServer, content

DATA = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def certificate(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(needs("openssl"), tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure_port(certificate: Certificate) -> Iterator[int]:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfilm"
    with TlsServer(certificate, answer) as server:
        yield server.port


def test_a_certificate_that_nobody_has_signed(secure_port: int) -> None:
    with pytest.raises(SourceError) as caught:
        HttpStream(f"https://localhost:{secure_port}/", "shown")
    message = str(caught.value)
    assert message.startswith("shown: its certificate is not trusted (self")
    assert message.endswith("): name a file with the right one in SSL_CERT_FILE")


def test_a_certificate_that_the_operator_trusts(
    secure_port: int, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with HttpStream(f"https://localhost:{secure_port}/", "shown") as stream:
        assert stream.read(10) == b"film"
    with pytest.raises(SourceError, match=r"not trusted \(.*127\.0\.0\.1"):
        HttpStream(f"https://127.0.0.1:{secure_port}/", "shown")


def test_what_is_not_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail.example.com ESMTP s3cr3t\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SourceError, match=r"^shown: its answer is not HTTP$"):
            HttpStream(f"http://127.0.0.1:{server.getsockname()[1]}/", "shown")
        thread.join()


def with_ranges(request: BaseHTTPRequestHandler) -> None:
    """RFC 9110 section 14.2."""
    start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(DATA) - start))
    request.end_headers()
    request.wfile.write(DATA[start:])


@pytest.mark.parametrize("answer", [with_ranges, content(DATA, "video/mp4")])
def test_a_film_is_read_anywhere(answer: object) -> None:
    assert callable(answer)
    with WebServer(answer) as server, HttpStream(server.url(), "shown") as stream:
        assert stream.seekable()
        assert stream.read(3) == DATA[:3]
        assert stream.seek(-5, io.SEEK_END) == len(DATA) - 5
        assert stream.read(100) == DATA[-5:]
        assert stream.read(100) == b""
        stream.seek(1000)
        assert stream.seek(2, io.SEEK_CUR) == stream.tell() == 1002
        assert stream.read(4) == DATA[1002:1006]
        # To ask where the end is asks the server for nothing.
        stream.seek(0, io.SEEK_END)
        stream.seek(1006)
        assert stream.read(4) == DATA[1006:1010]
        assert len(server.paths) == 3
