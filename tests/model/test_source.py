"""What users type for a source: understood, or refused with one line that says why."""

from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from televise.errors import InputError
from televise.model.name import check_name
from televise.model.options import PatternOptions, parse_pattern
from televise.model.source import SourceSpec, parse_source

# argument, kind, name, text
GOOD = [
    ("-", "stdin", "stdin", "-"),
    ("tv=-", "stdin", "tv", "-"),
    ("pattern:", "pattern", "pattern", "pattern:"),
    ("pattern:?size=640x360", "pattern", "pattern", "pattern:?size=640x360"),
    ("a=pattern:?fps=5&tone=440", "pattern", "a", "pattern:?fps=5&tone=440"),
    ("film.mp4", "file", "film", "film.mp4"),
    ("/films/my film.mp4", "file", "my-film", "/films/my film.mp4"),
    ("./a=b.mp4", "file", "a-b", "./a=b.mp4"),
    ("cam=a=b.mp4", "file", "cam", "a=b.mp4"),
    (r"C:\films\a.mp4", "file", "C-films-a", r"C:\films\a.mp4"),
    ("C:film", "file", "C-film", "C:film"),
    ("take:2.mp4", "file", "take-2", "take:2.mp4"),
    ("api", "file", "api-1", "api"),
    ("...", "file", "channel", "..."),
    ("dir:frames/", "directory", "frames", "dir:frames/"),
    ("dir:frames/*", "directories", "", "dir:frames/*"),
    ("home=dir:frames/*?fps=5", "directories", "home", "dir:frames/*?fps=5"),
    ("dir:*", "directories", "", "dir:*"),
    ("rtsp://cam.local/live.sdp", "pull", "live", "rtsp://cam.local/live.sdp"),
    ("RTSP://Cam.local", "pull", "cam-local", "RTSP://Cam.local"),
    ("door=rtsp://cam:554/a?b=c", "pull", "door", "rtsp://cam:554/a?b=c"),
    ("rtmp://host/app/key", "pull", "host", "rtmp://host/app/key"),
    ("http://[::1]:8080/", "pull", "1", "http://[::1]:8080/"),
    ("https://host/a=b/c.ts", "pull", "c", "https://host/a=b/c.ts"),
    ("rtsps://cam.local/live", "pull", "live", "rtsps://cam.local/live"),
    ("tv=udp://:1234", "pull", "tv", "udp://:1234"),
    ("tv=srt://:9000?passphrase=0123456789", "pull", "tv", "srt://:9000?passphrase=0123456789"),
    ("cam=device:/dev/video0?fps=30", "device", "cam", "device:/dev/video0?fps=30"),
    ("screen:?x=1&y=2&size=640x480", "screen", "screen", "screen:?x=1&y=2&size=640x480"),
]

# argument, what the message must name
BAD = [
    ("", "an empty source"),
    ("cam=", "'cam=' names no source"),
    ("=film.mp4", "bad channel name ''"),
    ("front door=film.mp4", "bad channel name 'front door'"),
    ("front/door=pattern:", "bad channel name 'front/door'"),
    ("a\nb=film.mp4", r"bad channel name 'a\nb'"),
    ("x" * 65 + "=-", "bad channel name 'xxx"),
    ("metrics=-", "'metrics' is reserved"),
    ("ftp://host/film.mp4", "unknown source scheme ftp://"),
    ("http://camera/a\nb", "bad URL: write %0A"),
    ("cam=file:///etc/passwd", "unknown source scheme file://"),
    ("device:", "device: needs a path, as in device:/dev/video0"),
    ("device:/dev/video0?format=bayer", "format=bayer: mjpeg, h264 or raw"),
    ("dir:", "dir: needs a path, as in dir:"),
    ("dir:pictures?loop=1", "dir: has no option 'loop'; it knows fps and delete"),
    ("picamera:?camera=9", "camera=9: a whole number from 0 to 3"),
    ("screen:?display=a b", "display=a b: an X11 display, as in display=:0"),
    ("screen:?x=10", "screen: x and y need a size, as in screen:?x=100&y=100&size=640x480"),
    ("guarded+http://host/", "unknown source scheme guarded+http://"),
    ("publish:cam", "publish: takes nothing behind it; name the channel as in cam=publish:"),
    ("v4l2:/dev/video0", "unknown source 'v4l2:/dev/video0'"),
    ("webcam:", "unknown source 'webcam:'"),
    ("rtsp:///live", "rtsp:// needs a host"),
    ("rtsp://:554/live", "rtsp:// needs a host"),
    ("http://user:secret@/live", "http:// needs a host"),
    ("rtsp://cam:99999/live", "bad URL: "),
    ("rtsp://cam:door/live", "bad URL: "),
    ("http://[::1/", "bad URL: "),
    ("pattern:?size", "write options as pattern:?"),
    ("pattern:?a\nb", "write options as pattern:?"),
    ("pattern:?size=1%0A2", "write options as pattern:?"),
    ("rtsp://admin:secret/2@cam/live", "bad URL: "),
    ("rtsp://admin:secret#2@cam/live", "bad URL: "),
    ("http://admin:secret@h\u2100st/", "bad URL: "),
    ("pattern:?&", "write options as pattern:?"),
    ("pattern:?colour=red", "no option 'colour'"),
    ("pattern:?size=", "size=: write WIDTHxHEIGHT"),
    ("pattern:?size=big", "size=big: write WIDTHxHEIGHT"),
    ("pattern:?size=640", "size=640: write WIDTHxHEIGHT"),
    ("pattern:?size=-640x360", "size=-640x360: write WIDTHxHEIGHT"),
    ("pattern:?size=640x360x3", "size=640x360x3: write WIDTHxHEIGHT"),
    ("pattern:?size=1000000x1000000", "size=1000000x1000000: write WIDTHxHEIGHT"),
    ("pattern:?size=158x120", "size=158x120: even numbers"),
    ("pattern:?size=160x118", "size=160x118: even numbers"),
    ("pattern:?size=4098x2304", "size=4098x2304: even numbers"),
    ("pattern:?size=4096x2306", "size=4096x2306: even numbers"),
    ("pattern:?size=641x360", "size=641x360: even numbers"),
    ("pattern:?size=640x361", "size=640x361: even numbers"),
    ("pattern:?fps=", "fps=: pictures per second"),
    ("pattern:?fps=fast", "fps=fast: pictures per second"),
    ("pattern:?fps=nan", "fps=nan: pictures per second"),
    ("pattern:?fps=0.9", "fps=0.9: pictures per second, a number from 1 to 120"),
    ("pattern:?fps=121", "fps=121: pictures per second, a number from 1 to 120"),
    ("pattern:?tone=19", "tone=19: hertz, a number from 20 to 20000"),
    ("pattern:?tone=20001", "tone=20001: hertz, a number from 20 to 20000"),
]

# The secret is hunter2; what is shown of each.
SECRETS = [
    ("rtsp://admin:hunter2@cam/live", "rtsp://***@cam/live"),
    ("rtsp://hunter2@cam/live", "rtsp://***@cam/live"),
    ("rtsp://admin:hunter2@cam:554/live", "rtsp://***@cam:554/live"),
    ("rtsp://admin:@hunter2@cam/live", "rtsp://***@cam/live"),
    ("door=https://admin:hunter2@[::1]:8443/a", "https://***@[::1]:8443/a"),
    ("http://cam/live?password=hunter2", "http://cam/live?***"),
    (
        "rtsp://cam:554/user=a&password=hunter2&stream=0.sdp?b",
        "rtsp://cam:554/user=***&password=***&stream=0.sdp?***",
    ),
    ("http://cam/video/pwd=hunter2/1", "http://cam/video/pwd=***/1"),
    ("http://cam/live#hunter2", "http://cam/live"),
    ("http://u:hunter2@cam/live.ts?key=hunter2#hunter2", "http://***@cam/live.ts?***"),
]


@pytest.mark.parametrize(("argument", "kind", "name", "text"), GOOD)
def test_good_sources(argument: str, kind: str, name: str, text: str) -> None:
    spec = parse_source(argument)
    assert (spec.kind, spec.name, spec.text) == (kind, name, text)


@pytest.mark.parametrize(
    ("argument", "stays"),
    [
        ("a=srt://:9000", True),
        ("a=srt://:9000?passphrase=0123456789", True),
        ("srt://0.0.0.0:9000?mode=listener", True),
        ("srt://camera:9000", False),
        ("a=srt://:9000?mode=rendezvous", False),
        ("a=udp://:9000", False),
        ("rtsp://camera/live", False),
        ("a=file?mode=listener", False),
        ("a=file", False),
        ("pattern:", False),
        ("a=publish:", True),
        ("a=frames:/a", True),
        ("-", True),
    ],
)
def test_whether_it_stays_open(argument: str, stays: bool) -> None:
    assert parse_source(argument).stays_open == stays


@pytest.mark.parametrize(("argument", "problem"), BAD)
def test_bad_sources_are_refused_with_one_line(argument: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_source(argument)
    message = str(caught.value)
    assert problem in message
    assert message.isprintable()
    assert "secret" not in message


@pytest.mark.parametrize(("argument", "shown"), SECRETS)
def test_secrets_are_kept_but_not_shown(argument: str, shown: str) -> None:
    spec = parse_source(argument)
    assert spec.shown == shown
    assert "hunter2" in spec.text
    assert "hunter2" not in spec.name


@given(st.text(min_size=1), st.sampled_from(["rtsp", "rtmp", "http", "https"]))
def test_no_password_is_ever_shown(password: str, scheme: str) -> None:
    secret = f"<{password}>"
    assume(not any("\ud800" <= letter <= "\udfff" for letter in secret))
    spec = parse_source(f"{scheme}://admin:{quote(secret, safe='')}@cam:99/live?key=1")
    assert spec.shown == f"{scheme}://***@cam:99/live?***"


@pytest.mark.parametrize(
    "argument", ["-", "pattern:?tone=440", "film.mp4", "rtsp://cam/live", "http://[::1]:80/a"]
)
def test_what_has_no_secret_is_shown_as_it_is(argument: str) -> None:
    assert parse_source(argument).shown == argument


PIECES = st.sampled_from(
    ["a", "=", ":", "/", "//", "?", "#", "@", "&", "[", "]", "%", "-", ".", "rtsp", "pattern:"]
)
ARGUMENTS = st.text() | st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)


@given(ARGUMENTS)
def test_any_argument_is_a_source_or_an_input_error(argument: str) -> None:
    try:
        spec = parse_source(argument)
    except InputError:
        return
    assert argument.endswith(spec.text)
    assert check_name(spec.name)
    assert spec.kind in ("pattern", "file", "stdin", "pull")


@given(ARGUMENTS)
def test_a_name_before_a_source_only_names_it(argument: str) -> None:
    try:
        spec = parse_source(argument)
    except InputError:
        return
    named = parse_source(f"tv={spec.text}")
    assert named == SourceSpec(spec.kind, spec.text, "tv", spec.shown)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("pattern:", PatternOptions(1280, 720, 30.0, 0.0)),
        ("pattern:?", PatternOptions()),
        ("pattern:fps=5", PatternOptions(fps=5.0)),
        ("pattern:?size=160x120", PatternOptions(160, 120)),
        ("pattern:?size=4096x2304", PatternOptions(4096, 2304)),
        ("pattern:?fps=1", PatternOptions(fps=1.0)),
        ("pattern:?fps=29.97&tone=20", PatternOptions(fps=29.97, tone=20.0)),
        ("pattern:?fps=120&tone=20000", PatternOptions(fps=120.0, tone=20_000.0)),
        ("pattern:?tone=0", PatternOptions()),
        ("pattern:?fps=5&fps=6", PatternOptions(fps=6.0)),
    ],
)
def test_options_of_the_pattern(text: str, options: PatternOptions) -> None:
    assert parse_pattern(text) == options


@pytest.mark.parametrize("scheme", ["rtmp", "rtmps"])
def test_the_key_of_an_rtmp_stream_is_a_secret(scheme: str) -> None:
    spec = parse_source(f"{scheme}://host/live/s3cr3t")
    assert (spec.name, spec.shown) == ("host", f"{scheme}://host/live/***")


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("/srv/secret/film.mp4", "film.mp4"),
        ("film.mp4", "film.mp4"),
        ("dir:/srv/secret/pictures?fps=5", "dir:pictures?fps=5"),
        ("dir:secret/*", "dir:*"),
        ("C:\\secret\\film.mp4", "film.mp4"),
        ("device:/dev/video0", "device:/dev/video0"),
        ("http://camera.local/a/b.mjpg", "http://camera.local/a/b.mjpg"),
    ],
)
def test_where_files_lie_is_not_for_everybody(source: str, public: str) -> None:
    spec = parse_source(source)
    assert spec.public == public
    path = source.removeprefix("dir:").partition("?")[0]
    told = spec.publish(f"{path}: there is no such file")
    assert told == f"{public.removeprefix('dir:').partition('?')[0]}: there is no such file"
