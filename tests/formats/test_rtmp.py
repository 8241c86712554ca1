"""The session: real publishers' bytes in every split, each answer, and each way to be wrong."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.formats import amf, flv
from televise.formats.rtmp import (
    FOUR_CCS,
    MAX_PREFACE_MESSAGES,
    Event,
    Media,
    Publish,
    Refused,
    Session,
    Unpublish,
)
from televise.formats.rtmp_chunk import (
    ACKNOWLEDGEMENT,
    AUDIO,
    COMMAND,
    COMMAND_AMF3,
    DATA,
    DATA_AMF3,
    MAX_MESSAGE,
    SET_PEER_BANDWIDTH,
    USER_CONTROL,
    VIDEO,
    WINDOW_ACKNOWLEDGEMENT_SIZE,
    ChunkReader,
    Message,
    write,
)
from tests.formats.rtmp_publisher import HANDSHAKE, command, connect, control, opening, publish
from tests.formats.witness import ffprobe, golden

PUBLISHERS = ["rtmp_ffmpeg", "rtmp_librtmp", "rtmp_obs"]
METADATA = amf.encode("onMetaData", {"width": 64.0})


class Client:
    """A session, what came out of it, and what it answered."""

    def __init__(self, answer: Callable[[Session], None] = Session.accept) -> None:
        self.session = Session("http://HOST:8080")
        self.events: list[Event] = []
        self._answer = answer
        self._answers = ChunkReader()
        self._handshake = len(HANDSHAKE)

    def send(self, *pieces: bytes) -> list[Message]:
        """Feed it; its answers."""
        answered: list[Message] = []
        for piece in pieces:
            for event in self.session.receive(piece):
                if event is None:
                    continue
                self.events.append(event)
                if isinstance(event, Publish):
                    self._answer(self.session)
            answered += self._read(self.session.data_to_send())
        return answered

    def say(self, *messages: Message, chunk_stream: int = 3) -> list[Message]:
        return self.send(*(write(message, chunk_stream) for message in messages))

    def _read(self, data: bytes) -> Iterator[Message]:
        """The server's handshake is as long as the client's."""
        skipped = min(self._handshake, len(data))
        self._handshake -= skipped
        return self._answers.feed(data[skipped:])


def publishing() -> Client:
    client = Client()
    client.send(opening())
    return client


def replayed(pieces: Iterable[bytes]) -> list[Event]:
    client = Client()
    client.send(*pieces)
    return client.events


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def commands(messages: Iterable[Message]) -> list[list[amf.Value]]:
    return [amf.decode(message.data) for message in messages if message.type == COMMAND]


def information(messages: Iterable[Message]) -> dict[str, amf.Value]:
    """The last value of the only command."""
    ((*_, last),) = commands(messages)
    assert isinstance(last, dict)
    return last


@pytest.mark.parametrize("name", PUBLISHERS)
def test_a_publisher_as_it_was_recorded(name: str) -> None:
    first, metadata, *media, last = replayed([golden(name)])
    assert (first, last) == (Publish("cam", "abc"), Unpublish())
    assert isinstance(metadata, Media)
    assert (metadata.kind, metadata.timestamp) == (DATA, 0)
    assert amf.decode(metadata.data)[0] == "onMetaData"
    kinds = [event.kind for event in media if isinstance(event, Media)]
    assert len(kinds) == len(media)
    assert kinds.count(VIDEO) >= 5
    assert kinds.count(AUDIO) >= 11


@pytest.mark.parametrize("name", PUBLISHERS)
def test_a_publisher_byte_by_byte(name: str) -> None:
    data = golden(name)
    assert replayed(data[i : i + 1] for i in range(len(data))) == replayed([data])


@pytest.mark.parametrize("name", PUBLISHERS)
@given(data=st.data())
def test_a_publisher_in_any_pieces(name: str, data: st.DataObject) -> None:
    whole = golden(name)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=20))
    assert replayed(cut(whole, cuts)) == replayed([whole])


@pytest.mark.parametrize("name", PUBLISHERS)
@given(position=st.integers(0, 100_000), byte=st.integers(0, 255))
def test_a_publisher_with_a_wrong_byte(name: str, position: int, byte: int) -> None:
    data = bytearray(golden(name))
    data[position % len(data)] = byte
    try:
        events = replayed([bytes(data)])
    except FormatError:
        return
    assert sum(len(event.data) for event in events if isinstance(event, Media)) <= len(data)


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("name", PUBLISHERS)
def test_what_was_recorded_is_a_film(name: str) -> None:
    media = [event for event in replayed([golden(name)]) if isinstance(event, Media)]
    film = flv.HEADER + b"".join(flv.tag(each.kind, each.timestamp, each.data) for each in media)
    show = ("-f", "flv", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames")
    streams = ffprobe(film, *show)["streams"]
    frames = {stream["codec_name"]: int(stream["nb_read_frames"]) for stream in streams}
    assert frames["h264"] == 5
    assert frames["aac"] >= 11


def test_what_a_publisher_is_told() -> None:
    client = Client()
    window, bandwidth, connected = client.send(HANDSHAKE + write(connect(), 3))
    assert (window.type, bandwidth.type) == (WINDOW_ACKNOWLEDGEMENT_SIZE, SET_PEER_BANDWIDTH)
    assert commands([connected])[0][:2] == ["_result", 1.0]
    assert information([connected])["code"] == "NetConnection.Connect.Success"
    wishes = [command(name, 2.0, None, "cam") for name in ("releaseStream", "FCPublish")]
    assert commands(client.say(*wishes)) == [["_result", 2.0, None]] * 2
    created = client.say(command("createStream", 4.0, None))
    assert commands(created) == [["_result", 4.0, None, 1.0]]
    begin, started = client.say(publish("cam"))
    assert (begin.type, begin.data) == (USER_CONTROL, b"\0\0\0\0\0\1")
    assert started.stream == 1
    assert information([started])["code"] == "NetStream.Publish.Start"
    (ended,) = client.say(command("FCUnpublish", 6.0, None, "cam"))
    assert information([ended])["code"] == "NetStream.Unpublish.Success"
    assert client.events == [Publish("cam", ""), Unpublish()]
    assert not client.session.over


def test_the_handshake() -> None:
    session = Session("")
    assert list(session.receive(HANDSHAKE[:1536])) == []
    assert session.data_to_send() == b""
    assert list(session.receive(HANDSHAKE[1536:2000])) == []
    answer = session.data_to_send()
    assert (answer[0], len(answer)) == (3, len(HANDSHAKE))
    assert answer[1537:] == HANDSHAKE[1:1537], "S2 repeats C1"
    assert list(session.receive(HANDSHAKE[2000:])) == []
    assert session.data_to_send() == b""


@pytest.mark.parametrize(("data", "byte"), [(b"GET / HTTP", 71), (b"\x16\3\1", 22), (b"\6", 6)])
def test_other_protocols(data: bytes, byte: int) -> None:
    with pytest.raises(FormatError, match=f"begins with {byte}, not with RTMP's version 3"):
        replayed([data])


def test_enhanced_rtmp_is_answered_where_it_is_asked_for() -> None:
    answers = Client().send(HANDSHAKE + write(connect(fourCcList=["hvc1"]), 3))
    assert commands(answers)[0][2]["fourCcList"] == FOUR_CCS  # type: ignore[call-overload, index]
    answers = Client().send(HANDSHAKE + write(connect(), 3))
    assert "fourCcList" not in commands(answers)[0][2]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("application", "key", "expected"),
    [
        ("live", "cam", Publish("cam", "")),
        ("live/", "cam?token=a%2Eb", Publish("cam", "a.b")),
        ("live?token=x", "cam", Publish("cam", "x")),
        ("live?token=x", "cam?token=y", Publish("cam", "y")),
        ("live", "cam?other=1", Publish("cam", "")),
        ("live", "", Publish("", "")),
    ],
)
def test_where_the_token_may_stand(application: str, key: str, expected: Publish) -> None:
    assert replayed([opening(key, application)]) == [expected]


def test_the_token_may_stand_in_the_url_alone() -> None:
    wire = HANDSHAKE
    for message in (connect(tcUrl="rtmp://HOST/live?token=x"), publish("cam")):
        wire += write(message, 3)
    assert replayed([wire]) == [Publish("cam", "x")]


@pytest.mark.parametrize("application", ["", "foo", "live/more"])
def test_another_application(application: str) -> None:
    client = Client()
    answers = client.send(HANDSHAKE + write(connect(application), 3))
    assert commands(answers)[0][:2] == ["_error", 1.0]
    text = f"no application {application!r}: publish to rtmp://HOST/live/NAME"
    assert information(answers)["description"] == text
    assert client.session.over
    assert client.events == [Refused("", text)]


def test_a_refused_publisher_is_told_why() -> None:
    client = Client(lambda session: session.refuse("somebody else is there"))
    media = write(Message(VIDEO, 1, 0, b"picture"), 4)
    *_, refused = client.send(opening() + media)
    told = information([refused])
    assert (told["level"], told["code"]) == ("error", "NetStream.Publish.BadName")
    assert told["description"] == "somebody else is there"
    assert client.session.over
    assert client.events == [Publish("cam", "")]


def test_a_publisher_that_is_sent_away_is_told_why() -> None:
    client = publishing()
    client.session.dismiss("the channel ends")
    told = information(client.send(b""))
    expected = {"level": "error", "code": "NetStream.Failed", "description": "the channel ends"}
    assert told == expected
    assert client.session.over


def test_a_player_is_told_where_to_look() -> None:
    client = Client()
    client.send(HANDSHAKE + write(connect(), 3))
    told = information(client.say(command("play", 5.0, None, "cam?token=x")))
    assert told["code"] == "NetStream.Play.Failed"
    text = "RTMP is for publishing only: watch http://HOST:8080/cam"
    assert told["description"] == text
    assert client.session.over
    assert client.events == [Refused("cam", text)]


@pytest.mark.parametrize("end", ["FCUnpublish", "closeStream", "deleteStream"])
def test_a_publisher_may_end_and_begin_again(end: str) -> None:
    client = publishing()
    picture = Message(VIDEO, 1, 40, b"picture")
    ended = command(end, 6.0, None, 1.0)
    client.say(picture, ended, ended, picture, publish("door"), picture)
    media = Media(VIDEO, 40, b"picture")
    told = [Publish("cam", ""), media, Unpublish(), Publish("door", ""), media]
    assert client.events == told


def test_media_without_content_is_no_media() -> None:
    client = publishing()
    client.say(Message(AUDIO, 1, 0, b""), Message(VIDEO, 1, 0, b""), Message(AUDIO, 1, 0, b"a"))
    assert client.events == [Publish("cam", ""), Media(AUDIO, 0, b"a")]


def test_who_publishes_nothing_has_little_to_say() -> None:
    client = publishing()
    picture = Message(VIDEO, 1, 0, b"picture")
    client.say(*[picture] * (2 * MAX_PREFACE_MESSAGES), command("FCUnpublish", 6.0, None))
    client.say(*[picture] * (MAX_PREFACE_MESSAGES - 1), publish("cam"), *[picture] * 9)
    client.say(command("FCUnpublish", 6.0, None), *[picture] * MAX_PREFACE_MESSAGES)
    with pytest.raises(FormatError, match="100 RTMP messages, and nothing is published"):
        client.say(picture)


def test_media_before_publishing_is_not_media() -> None:
    client = Client()
    client.send(HANDSHAKE + write(connect(), 3))
    client.say(Message(VIDEO, 1, 0, b"picture"), Message(DATA, 1, 0, METADATA))
    assert client.events == []


def test_metadata() -> None:
    client = publishing()
    wrapped = amf.encode("@setDataFrame") + METADATA
    client.say(
        Message(DATA, 1, 40, wrapped),
        Message(DATA, 1, 40, METADATA),
        Message(DATA_AMF3, 1, 40, b"\0" + wrapped),
        Message(DATA, 1, 40, amf.encode("onTextData", "subtitle")),
    )
    assert client.events[1:] == [Media(DATA, 0, METADATA)] * 3


def test_commands_whose_type_says_amf3() -> None:
    client = Client()
    client.send(HANDSHAKE)
    messages = (connect(), publish("cam"))
    client.say(*(Message(COMMAND_AMF3, 0, 0, b"\0" + each.data) for each in messages))
    assert client.events == [Publish("cam", "")]


def test_a_ping_is_answered() -> None:
    (answer,) = publishing().say(Message(USER_CONTROL, 0, 0, b"\0\6time"))
    assert (answer.type, answer.data) == (USER_CONTROL, b"\0\7time")
    assert publishing().say(Message(USER_CONTROL, 0, 0, b"\0\3\0\0\0\1\0\0\0\1")) == []


def test_bytes_are_acknowledged() -> None:
    client = publishing()
    window = write(control(WINDOW_ACKNOWLEDGEMENT_SIZE, 10_000), 2)
    picture = write(Message(VIDEO, 1, 0, bytes(6000)), 4)
    total = len(opening()) + len(window) + len(picture)
    assert client.send(window, picture) == []
    (answer,) = client.send(picture)
    assert (answer.type, answer.data) == (
        ACKNOWLEDGEMENT,
        (total + len(picture)).to_bytes(4, "big"),
    )
    assert client.send(picture) == []


def test_what_a_publisher_can_do_without_is_not_answered() -> None:
    client = publishing()
    assert client.say(command("_checkbw", 9.0, None), control(ACKNOWLEDGEMENT, 1)) == []
    assert client.say(Message(99, 0, 0, b"what")) == []


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Message(COMMAND, 0, 0, amf.encode("connect")), "without a name and a transaction number"),
        (Message(COMMAND, 0, 0, amf.encode(1.0, 1.0)), "without a name and a transaction number"),
        (Message(COMMAND, 0, 0, amf.encode("a", True)), "without a name and a transaction number"),
        (Message(COMMAND, 0, 0, b"\xff"), "unknown type 255"),
        (command("connect", 1.0), "connect without its properties"),
        (command("createStream", 1.0, None), "the RTMP command 'createStream' before connect"),
        (command("a\n" * 40, 1.0), r"command '(a\\n)+' before connect"),
    ],
)
def test_commands_that_are_wrong(message: Message, text: str) -> None:
    client = Client()
    client.send(HANDSHAKE)
    with pytest.raises(FormatError, match=text) as caught:
        client.say(message)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["publish", "play"])
@pytest.mark.parametrize("values", [(), (None,), (None, None), (None, 1.0)])
def test_a_stream_has_a_key(name: str, values: tuple[amf.Value, ...]) -> None:
    client = Client()
    client.send(HANDSHAKE + write(connect(), 3))
    with pytest.raises(FormatError, match=f"command {name} without a stream key"):
        client.say(command(name, 5.0, *values))


def test_one_stream_at_a_time() -> None:
    with pytest.raises(FormatError, match="publish while publishing"):
        publishing().say(publish("door"))


def test_a_window_needs_its_size() -> None:
    with pytest.raises(FormatError, match="type 5 without its four bytes"):
        publishing().say(Message(WINDOW_ACKNOWLEDGEMENT_SIZE, 0, 0, b""))


def test_a_long_token_fits() -> None:
    """OBS says the server's URL three times in one command."""
    url = f"rtmp://127.0.0.1/live?token={'x' * 1000}"
    message = connect(f"live?token={'x' * 1000}", tcUrl=url, swfUrl=url)
    assert len(message.data) < MAX_MESSAGE
    assert replayed([HANDSHAKE + write(message, 3) + write(publish("cam"), 3)])
