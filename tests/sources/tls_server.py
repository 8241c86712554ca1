"""A server that speaks TLS, with a certificate that nobody has signed."""

import socket
import ssl
import subprocess
import threading
from pathlib import Path
from types import TracebackType

Certificate = tuple[Path, Path]


def make_certificate(openssl: str, folder: Path) -> Certificate:
    """A certificate for localhost, and its key."""
    file, key = folder / "certificate.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run(
        [openssl, "req", *kind, *names, "-days", "2", "-keyout", key, "-out", file],
        check=True,
        capture_output=True,
    )
    return file, key


class TlsServer:
    """Gives ``answer`` to whatever is said; ``heard`` is that."""

    def __init__(self, certificate: Certificate, answer: bytes) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._answer = answer
        self.heard: list[bytes] = []

    def __enter__(self) -> "TlsServer":
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._server.accept()
            except OSError:
                return
            # A client that does not like the certificate says nothing.
            try:
                with self._context.wrap_socket(plain, server_side=True) as connection:
                    if said := connection.recv(4096):
                        self.heard.append(said)
                        connection.sendall(self._answer)
            except OSError:
                plain.close()
