"""A camera: H.264 over RTSP, RTP interleaved in the TCP connection (RFC 2326, RFC 6184)."""

import base64
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO

from televise.formats import h264

CLOCK = 90_000
PAYLOAD = 1200


@dataclass
class Camera:
    """Sends ``units`` (access units of NAL units), over and over, to each client that plays."""

    units: list[list[bytes]]
    rate: float
    password: str = ""
    over_udp: bool = False  # and in no other way
    requests: list[str] = field(default_factory=list)

    def __enter__(self) -> "Camera":
        camera = self

        class Session(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                camera.serve(self.request)

        self._closed = threading.Event()
        self._datagrams = socket.socket(type=socket.SOCK_DGRAM)
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._datagrams.close()

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    def serve(self, connection: socket.socket) -> None:
        """Answer requests until PLAY, then send pictures until the client goes."""
        with connection, connection.makefile("rb") as lines:
            while request := self._read_request(lines):
                self.requests.append(request.splitlines()[0])
                method = request.split()[0]
                connection.sendall(self._answer(method, request))
                if method == "PLAY":
                    try:
                        self._play(self._sender(connection))
                    except OSError:
                        return

    @staticmethod
    def _read_request(lines: BinaryIO) -> str:
        request = ""
        for line in lines:
            request += line.decode()
            if request.endswith("\r\n\r\n"):
                return request
        return ""

    def _answer(self, method: str, request: str) -> bytes:
        number = re.search(r"CSeq: (\d+)", request)
        assert number is not None
        expected = base64.b64encode(f"admin:{self.password}".encode()).decode()
        if self.password and f"Basic {expected}" not in request:
            status, extra, body = "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n', ""
        else:
            status, (extra, body) = self._result(method, request)
        head = f"RTSP/1.0 {status}\r\nCSeq: {number[1]}\r\n{extra}"
        return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    def _result(self, method: str, request: str) -> tuple[str, tuple[str, str]]:
        if method == "DESCRIBE":
            return "200 OK", ("Content-Type: application/sdp\r\n", self._description())
        if method == "SETUP":
            return self._set_up(request)
        return "200 OK", ("Public: DESCRIBE, SETUP, PLAY\r\nSession: 1\r\n", "")

    def _set_up(self, request: str) -> tuple[str, tuple[str, str]]:
        ports = re.search(r"client_port=(\d+)-\d+", request)
        if self.over_udp and ports is None:
            return "461 Unsupported Transport", ("", "")
        transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
        if ports is not None:
            self._client_port = int(ports[1])
            transport = f"RTP/AVP;unicast;client_port={ports[1]}-{int(ports[1]) + 1}"
        return "200 OK", (f"Transport: {transport}\r\nSession: 1\r\n", "")

    def _sender(self, connection: socket.socket) -> Callable[[bytes], object]:
        """Sends RTP packets in the way that the client has chosen."""
        if not self.over_udp:
            return lambda packet: connection.sendall(
                struct.pack(">BBH", 0x24, 0, len(packet)) + packet
            )
        address = (connection.getpeername()[0], self._client_port)
        return lambda packet: self._datagrams.sendto(packet, address)

    def _description(self) -> str:
        sets = [nal for nal in self.units[0] if h264.nal_type(nal) in (h264.SPS, h264.PPS)]
        sprop = ",".join(base64.b64encode(nal).decode() for nal in sets)
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\na=control:video\r\n"
        )

    def _play(self, send: Callable[[bytes], object]) -> None:
        sequence, begin = 0, time.monotonic()
        for number in range(1 << 30):
            if self._closed.wait(begin + number / self.rate - time.monotonic()):
                return
            payloads = _payloads(self.units[number % len(self.units)])
            for index, payload in enumerate(payloads):
                marker = 0x80 if index == len(payloads) - 1 else 0
                stamp = round(number * CLOCK / self.rate)
                head = struct.pack(">BBHII", 0x80, 96 | marker, sequence & 0xFFFF, stamp, 1)
                sequence += 1
                send(head + payload)


def _payloads(nals: list[bytes]) -> list[bytes]:
    """RFC 6184: whole NAL units, or fragments (FU-A) of larger ones."""
    found: list[bytes] = []
    for nal in nals:
        if len(nal) <= PAYLOAD:
            found.append(nal)
            continue
        parts = [nal[start : start + PAYLOAD] for start in range(1, len(nal), PAYLOAD)]
        for number, part in enumerate(parts):
            edge = (0x80 if number == 0 else 0) | (0x40 if number == len(parts) - 1 else 0)
            found.append(bytes((nal[0] & 0xE0 | 28, edge | nal[0] & 0x1F)) + part)
    return found
