"""RTMP: the server's side of a session in which a client publishes, without I/O.

    client                                                server
      C0, C1 ──────────────────────────────────────────▶
                                      ◀───────────────── S0, S1, S2
      C2, connect(app) ────────────────────────────────▶
                  ◀──── window sizes, _result(NetConnection.Connect.Success)
      releaseStream(key), FCPublish(key), createStream ▶
                                      ◀───────────────── _result, _result, _result(1)
      publish(key) ────────────────────────────────────▶  Publish: `accept` or `refuse` it
                  ◀──── stream begin, onStatus(NetStream.Publish.Start)
      @setDataFrame(onMetaData), audio, video, ... ────▶  Media, Media, ...
      FCUnpublish(key), deleteStream ──────────────────▶  Unpublish

Sources: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0 (2012), section 7;
Veovera, "Enhanced RTMP" v2 (fourCcList); the commands that no document has are those of librtmp.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from televise.errors import FormatError
from televise.formats import amf, rtmp_chunk
from televise.formats.rtmp_chunk import MAX_MEDIA_MESSAGE, ChunkReader, Message, control_number
from televise.formats.rtmp_command import Command, amf0_of, information, parse_command, token_in
from televise.formats.rtmp_handshake import Handshake

APPLICATION = "live"
# So many bytes may be under way without an acknowledgement, in either direction.
WINDOW_BYTES = 2_500_000
# Of one that does not publish; clients say about ten before they do.
MAX_PREFACE_MESSAGES = 100

# Codecs of enhanced RTMP that FFmpeg's FLV demuxer reads.
FOUR_CCS = ["avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3"]

_CONTROL_STREAM, _COMMAND_STREAM = 2, 3  # chunk streams
_MESSAGE_STREAM = 1  # the only one that createStream gives
_SET_DATA_FRAME = amf.encode("@setDataFrame")
_ON_META_DATA = amf.encode("onMetaData")
_STREAM_BEGIN, _PING_REQUEST, _PING_RESPONSE = b"\0\0", b"\0\6", b"\0\7"  # 7.1.7
_DYNAMIC = 2  # how strict the peer bandwidth is (5.4.5)


@dataclass(frozen=True, slots=True)
class Publish:
    """The client wants to publish as channel ``name``; ``token`` is its key, or empty."""

    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Media:
    """The body of an audio, video or metadata message, for an FLV tag of type ``kind``.

    ``timestamp`` is in milliseconds, and begins again after 2**32.
    """

    kind: int
    timestamp: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Unpublish:
    """The client has ended what it published; it may publish again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The client wants what there is not here: it has been told ``reason``, and goes."""

    name: str
    reason: str


Event = Publish | Media | Unpublish | Refused


class Session:
    """One connection: bytes in, events out, and bytes to send.

    ``web_url`` is told to clients that want to play; one message of media has at most
    ``max_message`` bytes. Once `over` is true, send what there is to
    send, feed no more and close the connection.
    """

    def __init__(self, web_url: str, max_message: int = MAX_MEDIA_MESSAGE) -> None:
        self.over = False
        self._web_url = web_url
        self._handshake = Handshake()
        self._reader = ChunkReader(max_message)
        self._out = bytearray()
        self._received = self._acknowledged = 0
        self._window = WINDOW_BYTES
        self._connected = self._publishing = False
        self._preface = 0
        self._token = ""

    def receive(self, data: bytes) -> Iterator[Event | None]:
        """Take bytes of the client. FormatError ends the session.

        A `Publish` must be answered before the next event is asked for. None stands for a message
        that is no event: who asks for the next may have something else to do first, as a million
        messages of nothing fit into a megabyte.
        """
        if self.over:
            return
        self._received += len(data)
        if not self._handshake.done:
            answer, data = self._handshake.receive(data)
            self._out += answer
        for message in self._reader.feed(data):
            self._count_preface()
            yield from self._handle(message)
            yield None
            if self.over:
                return
        self._acknowledge()

    def accept(self) -> None:
        """Let the client publish."""
        self._publishing = True
        self._control(rtmp_chunk.USER_CONTROL, _STREAM_BEGIN + _MESSAGE_STREAM.to_bytes(4, "big"))
        self._status("status", "NetStream.Publish.Start", "publishing")

    def refuse(self, text: str) -> None:
        """Do not let it; ``text`` says why. The session is over."""
        self._end("NetStream.Publish.BadName", text)

    def dismiss(self, text: str) -> None:
        """Send a client away that publishes; ``text`` says why. The session is over."""
        self._end("NetStream.Failed", text)

    def data_to_send(self) -> bytes:
        """What is to be sent to the client now."""
        data, self._out = bytes(self._out), bytearray()
        return data

    def _count_preface(self) -> None:
        self._preface = 0 if self._publishing else self._preface + 1
        if self._preface > MAX_PREFACE_MESSAGES:
            raise FormatError(f"{MAX_PREFACE_MESSAGES} RTMP messages, and nothing is published")

    def _acknowledge(self) -> None:
        if self._received - self._acknowledged >= self._window:
            self._acknowledged = self._received
            total = self._received % (1 << 32)
            self._control(rtmp_chunk.ACKNOWLEDGEMENT, total.to_bytes(4, "big"))

    def _handle(self, message: Message) -> Iterator[Event]:
        kind, data = message.type, message.data
        if kind in (rtmp_chunk.AUDIO, rtmp_chunk.VIDEO):
            if self._publishing and data:  # some clients send empty ones
                yield Media(kind, message.timestamp, data)
        elif kind in (rtmp_chunk.COMMAND, rtmp_chunk.COMMAND_AMF3):
            yield from self._obey(parse_command(message))
        elif kind in (rtmp_chunk.DATA, rtmp_chunk.DATA_AMF3):
            metadata = amf0_of(message).removeprefix(_SET_DATA_FRAME)
            if self._publishing and metadata.startswith(_ON_META_DATA):
                # FFmpeg takes metadata at any other time for a subtitle.
                yield Media(rtmp_chunk.DATA, 0, metadata)
        elif kind == rtmp_chunk.WINDOW_ACKNOWLEDGEMENT_SIZE:
            self._window = control_number(message)
        elif kind == rtmp_chunk.USER_CONTROL and data.startswith(_PING_REQUEST):
            self._control(rtmp_chunk.USER_CONTROL, _PING_RESPONSE + data[2:6])

    def _obey(self, command: Command) -> Iterator[Event]:
        """One command (7.2); those that a publisher can do without are ignored."""
        name = command.name
        if name == "connect":
            yield from self._connect(command)
        elif not self._connected:
            raise FormatError(f"the RTMP command {name[:40]!r} before connect")
        elif name in ("releaseStream", "FCPublish"):
            self._invoke("_result", command.transaction, None)
        elif name == "createStream":
            self._invoke("_result", command.transaction, None, float(_MESSAGE_STREAM))
        elif name == "publish":
            yield self._publish(command.stream_key)
        elif name == "play":
            yield self._refuse_to_play(command.stream_key)
        elif name in ("FCUnpublish", "closeStream", "deleteStream"):
            yield from self._unpublish()

    def _connect(self, command: Command) -> Iterator[Event]:
        properties = command.properties
        application, url = (str(properties.get(name) or "") for name in ("app", "tcUrl"))
        self._token = token_in(url) or token_in(application)
        application = application.partition("?")[0].strip("/")
        if application != APPLICATION:
            text = f"no application {application!r}: publish to rtmp://HOST/{APPLICATION}/NAME"
            rejected = information("error", "NetConnection.Connect.InvalidApp", text)
            self._invoke("_error", command.transaction, None, rejected)
            self.over = True
            yield Refused("", text)
            return
        self._connected = True
        self._welcome(command.transaction, "fourCcList" in properties)

    def _welcome(self, transaction: float, enhanced: bool) -> None:
        window = WINDOW_BYTES.to_bytes(4, "big")
        self._control(rtmp_chunk.WINDOW_ACKNOWLEDGEMENT_SIZE, window)
        self._control(rtmp_chunk.SET_PEER_BANDWIDTH, window + bytes((_DYNAMIC,)))
        # What clients expect of Flash Media Server, version 3.
        properties: dict[str, amf.Value] = {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0}
        if enhanced:
            properties["fourCcList"] = [*FOUR_CCS]
        welcome = information("status", "NetConnection.Connect.Success", "connected")
        # Of all that follows; AMF3 is not understood.
        welcome["objectEncoding"] = 0.0
        self._invoke("_result", transaction, properties, welcome)

    def _publish(self, key: str) -> Publish:
        if self._publishing:
            raise FormatError("the RTMP command publish while publishing")
        return Publish(key.partition("?")[0], token_in(key) or self._token)

    def _refuse_to_play(self, key: str) -> Refused:
        name = key.partition("?")[0]
        text = f"RTMP is for publishing only: watch {self._web_url}/{name}"
        self._end("NetStream.Play.Failed", text)
        return Refused(name, text)

    def _unpublish(self) -> Iterator[Event]:
        if self._publishing:
            self._publishing = False
            self._status("status", "NetStream.Unpublish.Success", "no longer publishing")
            yield Unpublish()

    def _end(self, code: str, text: str) -> None:
        self._publishing = False
        self._status("error", code, text)
        self.over = True

    def _status(self, level: str, code: str, text: str) -> None:
        told = information(level, code, text)
        self._invoke("onStatus", 0.0, None, told, stream=_MESSAGE_STREAM)

    def _invoke(self, name: str, transaction: float, *values: amf.Value, stream: int = 0) -> None:
        data = amf.encode(name, transaction, *values)
        message = Message(rtmp_chunk.COMMAND, stream, 0, data)
        self._out += rtmp_chunk.write(message, _COMMAND_STREAM)

    def _control(self, kind: int, data: bytes) -> None:
        self._out += rtmp_chunk.write(Message(kind, 0, 0, data), _CONTROL_STREAM)
