"""Media that names what nobody may open, and a canary that notices if somebody does."""

import contextlib
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Canary:
    """A pipe that nobody may open, and a port that nobody may call."""

    pipe: Path
    port: socket.socket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port.getsockname()[1]}/canary.ts"

    def is_silent(self) -> bool:
        """Whoever opened the pipe to read would let us open it to write."""
        with contextlib.suppress(BlockingIOError):
            self.port.accept()[0].close()
            return False
        with contextlib.suppress(OSError):
            os.close(os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK))
            return False
        return True


_TEXTS = {
    "playlist": '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="URL"\n'
                '#EXT-X-MAP:URI="PIPE"\n#EXTINF:1,\nfile:PIPE\n#EXTINF:1,\nURL\n'
                "#EXTINF:1,\nconcat:URL|file:PIPE\n#EXTINF:1,\nsubfile:::PIPE\n",
    "master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nURL\n#EXT-X-STREAM-INF:BANDWIDTH=2\nPIPE\n",
    "concat": "ffconcat version 1.0\nfile 'PIPE'\nfile 'URL'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:URL\n"
           "m=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "file:PIPE">]>'
            '<MPD type="static"><BaseURL>URL</BaseURL><Period><AdaptationSet mimeType="video/mp4">'
            '<Representation id="1"><BaseURL>file:PIPE</BaseURL>&x;</Representation>'
            "</AdaptationSet></Period></MPD>",
}  # fmt: skip


def _external(path: bytes, url: bytes) -> bytes:
    """The beginning of a QuickTime film whose samples lie elsewhere."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        data = b"".join(parts)
        return struct.pack(">I", 8 + len(data)) + kind + data

    places = box(b"url ", bytes(4), url + b"\0"), box(b"alis", bytes(4), path + b"\0")
    tables = box(b"dref", bytes(4), struct.pack(">I", 2), *places)
    return box(b"ftyp", b"qt  ", bytes(4)) + box(
        b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"dinf", tables))))
    )


def corpus(canary: Canary) -> dict[str, bytes]:
    """By name; each names the pipe and the port."""
    made = {
        name: text.replace("PIPE", str(canary.pipe)).replace("URL", canary.url).encode()
        for name, text in _TEXTS.items()
    }
    return made | {"film": _external(str(canary.pipe).encode(), canary.url.encode())}
