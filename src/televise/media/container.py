"""Opens media with FFmpeg, with pinned formats and protocols, and says plainly why it cannot."""

from collections.abc import Mapping
from typing import Any, BinaryIO

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext

from televise.errors import SourceError
from televise.media.pixels import most, too_large

# No playlists (hls, dash, concat, sdp): they name further URLs and files to open.
FORMATS = (
    "mov,mp4,matroska,webm,mpegts,mpeg,mpegvideo,flv,avi,asf,ogg,nut,ivf,m4v,h264,hevc,obu,"
    "mjpeg,mpjpeg,gif,apng,image2,jpeg_pipe,png_pipe,webp_pipe,yuv4mpegpipe,dv,mxf,"
    "wav,mp3,aac,ac3,flac"
)
_OPTIONS = {
    "probesize": "1000000",
    "analyzeduration": "500000",
    "pattern_type": "none",  # image2: a name with %d in it is a name
}
# A live stream is not made to wait until its rate is known for certain; its first keyframe is
# waited for.
LIVE = {"fpsprobesize": "2", "analyzeduration": "2000000"}


def open_container(
    place: str | BinaryIO,
    protocols: str,
    *,
    format: str | None = None,
    options: Mapping[str, str] | None = None,
    timeout: tuple[float, float] | None = None,
    shown: str,
    permanent: bool = False,
) -> InputContainer:
    """Open for reading; SourceError names ``shown``, and is final where ``permanent`` says so.

    ``timeout``: seconds to open, and to read.
    """
    whitelist = {"format_whitelist": f"{FORMATS},{format or 'mov'}"}
    wanted = {**_OPTIONS, **whitelist, "max_pixels": str(most()), **(options or {})}
    wanted["protocol_whitelist"] = protocols or "none"
    arguments: dict[str, Any] = {"format": format, "options": wanted, "timeout": timeout}
    try:
        container: InputContainer = av.open(place, "r", metadata_errors="ignore", **arguments)
    except (av.error.FFmpegError, OSError) as error:
        raise explain(error, shown, permanent=permanent) from error
    if problem := _problem(container):
        container.close()
        raise SourceError(f"{shown}: {problem}", final=permanent)
    return container


def _problem(container: InputContainer) -> str:
    """Why nothing can be shown of it; '' where something can."""
    streams = (*container.streams.video, *container.streams.audio)
    if all(stream.codec_context is None for stream in streams):
        return "has neither picture nor sound"
    for stream in container.streams.video:
        context: Any = stream.codec_context  # None where nothing can decode it
        if context is not None and (problem := too_large(context.width, context.height)):
            return f"its pictures have {problem}"
    return ""


def prepare(decoder: VideoCodecContext | AudioCodecContext) -> None:
    """Let a decoder keep what is known of each packet, be quick, and refuse what is too large."""
    decoder.copy_opaque = True
    if isinstance(decoder, VideoCodecContext):
        decoder.thread_type = "SLICE"
        decoder.options = {"max_pixels": str(most())}


def explain(error: Exception, shown: str, *, permanent: bool = False) -> SourceError:
    """An FFmpeg error as one line that names the source and never its password."""
    return SourceError(f"{shown}: {_cause(error)}", final=permanent)


def _cause(error: Exception) -> str:
    for kinds, text in _CAUSES:
        if isinstance(error, kinds):
            return text
    text = getattr(error, "strerror", None) or type(error).__name__
    return f"{text[:1].lower()}{text[1:]}"


_CAUSES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((av.error.InvalidDataError,), "not a media file or stream that can be read"),
    ((av.error.EOFError,), "it is empty, or ends before there is anything to show"),
    ((av.error.ArgumentError,), "not a kind of media that is accepted here"),
    ((av.error.FileNotFoundError, FileNotFoundError), "there is no such file"),
    ((av.error.HTTPNotFoundError,), "the server answers 404, not found"),
    ((av.error.HTTPUnauthorizedError,), "the server asks for a user and a password (401)"),
    ((av.error.HTTPForbiddenError,), "the server refuses (403)"),
    ((av.error.ExitError, av.error.TimeoutError), "no answer in time"),
    ((av.error.MemoryError, MemoryError), "its pictures need more memory than there is"),
)
