"""The worker process: one source, opened and read here, and every encoding of it.

Started by the hub as ``python -m televise.media.worker NUMBER``, NUMBER being the inherited file
descriptor of its link. It ends when the link does.
"""

import os
import random
import signal
import sys
import threading
import time
from functools import partial
from urllib.parse import urlsplit

import av.error
import av.logging

from televise.errors import LinkError, SourceError
from televise.link.local import ProviderLink, inherited
from televise.link.messages import (
    Allow,
    Data,
    Finish,
    Keyframe,
    Look,
    Open,
    Publish,
    State,
    Subscribe,
    Unsubscribe,
)
from televise.media import limits, pixels
from televise.media.container import explain
from televise.media.http_stream import dial_public
from televise.media.inbox import Inbox
from televise.media.intake import Intake
from televise.media.looks import Looks
from televise.media.source import Source
from televise.model.backoff import Backoff
from televise.model.options import (
    parse_camera,
    parse_device,
    parse_directory,
    parse_pattern,
    parse_screen,
)
from televise.model.source import SourceSpec, parse_opened
from televise.sources.device import DeviceSource
from televise.sources.directory import DirectorySource
from televise.sources.file import FileSource
from televise.sources.frames import FramesSource
from televise.sources.pattern import PatternSource
from televise.sources.picamera import PicameraSource
from televise.sources.publish import PublishSource
from televise.sources.pull import PullSource
from televise.sources.screen import ScreenSource
from televise.sources.srt import SrtSource
from televise.sources.stdin import StdinSource

STALLED_SECONDS = 3.0
# FFmpeg gives up reading after 10 s; where even that hangs, or an encoder does, only a new process
# helps.
HANGING_SECONDS = 25.0
HEARTBEAT_SECONDS = 0.5
SLATE_STEP_SECONDS = 1.0


def main() -> None:
    """Serve the hub until it closes the link."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits.apply()
    av.logging.set_level(av.logging.PANIC)
    try:
        _serve(ProviderLink(inherited(int(sys.argv[1]))))
    except av.error.FFmpegError:  # which may be an OSError, too
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    except (LinkError, OSError) as error:
        _complain(f"the link is gone: {error}")
    # FFmpeg may be in a call that does not return: leave without waiting for it.
    os._exit(0)


def _serve(link: ProviderLink) -> None:
    intake: Intake | None = None
    inbox, looks = Inbox(link.send), Looks(link.send)
    allowed = Allow()
    for message in link.messages():
        if isinstance(message, Allow):
            allowed = message
            pixels.allow(message.pixels)
            if intake is not None:
                intake.keep(message)
        elif isinstance(message, Open) and intake is None:
            intake = Intake(link.send, message.origin, message.replay, allowed)
            source = make_source(parse_opened(message.source), inbox)
            _start(_read, source, intake)
            _start(_watch, source, intake)
            _start(_show_slates, source, intake)
        elif isinstance(message, Subscribe) and intake is not None:
            intake.subscribe(message)
        elif isinstance(message, Unsubscribe) and intake is not None:
            intake.unsubscribe(message.id)
            looks.end(message.id)
        elif isinstance(message, Keyframe) and intake is not None:
            intake.want_keyframe(message.id)
        elif isinstance(message, Look) and intake is not None:
            looks.begin(message, intake)
        elif isinstance(message, Publish | Data | Finish):
            inbox.hear(message)


def make_source(spec: SourceSpec, inbox: Inbox) -> Source:
    """The source that ``spec`` describes; ``inbox`` is for what is published."""
    if spec.kind == "pattern":
        return PatternSource(parse_pattern(spec.text))
    if spec.kind == "publish":
        return PublishSource(inbox)
    if spec.kind == "directory":
        return DirectorySource(parse_directory(spec.text), _complain)
    if spec.kind == "frames":
        return FramesSource(spec.text.removeprefix("frames:"))
    if spec.kind == "stdin":
        return StdinSource()
    if spec.kind == "pull":
        return _make_pull(spec)
    if spec.kind == "device":
        return DeviceSource(parse_device(spec.text))
    if spec.kind == "picamera":
        return PicameraSource(parse_camera(spec.text))
    if spec.kind == "screen":
        return ScreenSource(parse_screen(spec.text))
    return FileSource(spec.text)


def _make_pull(spec: SourceSpec) -> Source:
    if urlsplit(spec.url).scheme == "srt":
        return SrtSource(spec.url, spec.shown)
    if spec.guarded:
        return PullSource(spec.url, spec.shown, partial(dial_public, networks=spec.networks))
    return PullSource(spec.url, spec.shown)


def _start(target: object, source: Source, intake: Intake) -> None:
    threading.Thread(target=_guarded, args=(target, source, intake), daemon=True).start()


def _guarded(target: object, source: Source, intake: Intake) -> None:
    """A thread that fails takes the process with it: the hub starts another."""
    assert callable(target)
    try:
        target(source, intake)
    except BaseException as error:
        if isinstance(error, OSError) and not isinstance(error, av.error.FFmpegError):
            _complain(f"the link is gone: {error}")
        else:
            sys.excepthook(*sys.exc_info())
        os._exit(1)


def _complain(text: str) -> None:
    """One line for the hub's log."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _read(source: Source, intake: Intake) -> None:
    """Run the source, and again after a while when it fails."""
    backoff = Backoff(least=0.25, most=1.0)
    while not intake.stopping:
        began = time.monotonic()
        try:
            source.run(intake)
        except SourceError as error:
            intake.set_state(State("offline", str(error), error.final))
            if error.final:
                return
        except av.error.FFmpegError as error:  # what comes next may be better
            problem = explain(error, "what it gives cannot be shown")
            intake.set_state(State("offline", str(problem)))
        if intake.status.last_arrival > began:
            backoff.reset()
        intake.wait(backoff.next(random.random()))


def _watch(source: Source, intake: Intake) -> None:
    """Repeat the state as a sign of life, and notice a source that has fallen silent."""
    while not intake.wait(HEARTBEAT_SECONDS):
        silence = time.monotonic() - intake.status.last_arrival
        silent = source.watched and silence > STALLED_SECONDS
        state = intake.status.repeat(f"no picture for {silence:.0f} s" if silent else "")
        if silent and silence > HANGING_SECONDS and state.state == "stalled":
            os._exit(1)
        if intake.beat() * HEARTBEAT_SECONDS > HANGING_SECONDS:
            _complain(f"an encoder has not finished a picture in {HANGING_SECONDS:.0f} s")
            os._exit(1)


def _show_slates(_: Source, intake: Intake) -> None:
    """What viewers see meanwhile; to find the last picture may take longer than a sign of life."""
    while not intake.wait(SLATE_STEP_SECONDS):
        if intake.status.missed:
            intake.show_slate()


if __name__ == "__main__":
    main()
