"""What a screen shows: X11, read by FFmpeg."""

import errno
import os

import av.error

from televise.errors import SourceError
from televise.media.container import LIVE, open_container
from televise.media.demuxer import Demuxer
from televise.media.source import Feed
from televise.model.options import ScreenOptions


class ScreenSource:
    """Feeds the pictures of an X11 display, or of a part of it, ``options.fps`` a second."""

    watched = True

    def __init__(self, options: ScreenOptions) -> None:
        self._options = options

    def run(self, feed: Feed) -> None:
        """Feed until stopped. SourceError, never final: somebody may log in later."""
        display = _display(self._options)
        try:
            with open_container(
                f"{display}+{self._options.x},{self._options.y}",
                "",
                format="x11grab",
                options=LIVE | _grab_options(self._options),
                shown=f"screen {display}",
            ) as container:
                Demuxer(container).run(feed)
        except SourceError as error:
            raise _explained(error, display) from error.__cause__
        except av.error.FFmpegError as error:
            raise SourceError(f"screen {display}: it is gone") from error


def _display(options: ScreenOptions) -> str:
    """The display that is asked for, or that of the session."""
    if options.display:
        return options.display
    if os.environ.get("WAYLAND_DISPLAY"):
        raise SourceError(
            "screen: Wayland lets no program see the screen: log in to an X11 session instead"
        )
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise SourceError("screen: no X11 display here: name one, as in screen:?display=:0")
    return display


def _grab_options(options: ScreenOptions) -> dict[str, str]:
    size = {"video_size": f"{options.width}x{options.height}"} if options.width else {}
    return {"framerate": f"{options.fps:g}", **size}


def _explained(error: SourceError, display: str) -> SourceError:
    """FFmpeg tells little; its error numbers tell enough."""
    number = getattr(error.__cause__, "errno", 0)
    if number == errno.EINVAL:
        return SourceError(f"screen {display}: x, y and size must lie within the screen")
    if number == errno.EIO:
        return SourceError(
            f"screen {display}: no such display, or no permission (DISPLAY, XAUTHORITY)"
        )
    return error
