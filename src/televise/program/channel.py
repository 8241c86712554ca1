"""Channel: a name under which a program shows pictures."""

import asyncio
import threading
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, overload

from televise.errors import InputError, Unavailable
from televise.formats.multipart import content_type
from televise.program import multipart, sound
from televise.program.arguments import (
    check_callback,
    check_captured,
    check_fps,
    check_frames,
    encode_meta,
)
from televise.program.display import Display
from televise.program.home import Home
from televise.program.input import Click, Key
from televise.program.pace import Pace
from televise.program.picture import NOTHING, Colors, Picture, check_colors, understand


class Channel:
    """Shows pictures, and plays sound, to whoever watches. Made by `Server.channel`.

    All methods may be called from any thread, and from asyncio code. ``name`` is its name.
    """

    # The Content-Type of what `multipart` yields.
    multipart_type = content_type()

    def __init__(
        self,
        name: str,
        home: Home,
        path: Path,
        *,
        size: tuple[int, int] | None,
        fps: float,
        colors: Colors,
    ) -> None:
        self.name = name
        self._home = home
        self._size = size
        self._colors = colors
        self._lock = threading.Lock()
        self._closed = False
        self._display = Display(name, path, fps, home.background)
        self.outlet = self._display.outlet
        # One call each, as they are made for every picture.
        self._check, self._show = home.check, self._display.show
        # What an array was like, in which order its colours were said to be, and what it was.
        self._last: tuple[Any, Any, Any, Colors | None, Picture] = None, None, None, None, NOTHING
        self._on_click: Callable[[Click], object] | None = None
        self._on_key: Callable[[Key], object] | None = None

    @property
    def watched(self) -> bool:
        """Whether somebody watches: only then is a picture worth making."""
        return self.outlet.watched

    @property
    def viewers(self) -> int:
        """How many watch, as far as is known here (a moment late). Unavailable."""
        return self._home.viewers_of(self.name)

    @property
    def url(self) -> str:
        """The page of the channel."""
        return self._home.url_of(self.name)

    def show(
        self,
        frame: Any,
        *,
        meta: Any = None,
        captured: int | None = None,
        colors: Colors | None = None,
    ) -> int:
        """Show ``frame``, and return its number, from 0 on.

        ``frame`` is a numpy array of uint8: rows x columns (grey), rows x columns x 3 (``colors``,
        if given, is "rgb" or, as OpenCV has it, "bgr"), x 4 (with alpha, which is not shown);
        or what is like one (a tensor in the processor's memory), a PIL image, a matplotlib figure,
        or the bytes of a JPEG, PNG or WebP. At most 4096x2304 pixels. ``meta`` is told to pages
        with the picture: anything that is JSON, up to 64 KB. ``captured`` is Unix nanoseconds
        (`time.time_ns`), now where it is not given.

        While somebody watches the picture is copied. Else it is only referred to, and the last one
        is copied when somebody comes. InputError, Unavailable.
        """
        self._check()
        # Nearly always it is like the last one. All of this is done for pictures that nobody sees,
        # by a program that has used the processor's caches for something else meanwhile.
        kind, dtype, shape, order, picture = self._last
        if (
            type(frame) is not kind
            or frame.dtype is not dtype
            or frame.shape != shape
            or colors is not order
        ):
            picture = self._understand(frame, colors)
            frame = picture.frame
        text = b"" if meta is None else encode_meta(meta)
        # Viewers know microseconds, by which a picture is found again.
        time_ns = (time.time_ns() if captured is None else check_captured(captured)) // 1000 * 1000
        return self._show(picture, frame, time_ns, text)

    def write(self, samples: Any, rate: int = 48_000, *, captured: int | None = None) -> None:
        """Play sound: an array of int16, or float32 from -1 to 1, samples or samples x channels
        (1 or 2), ``rate`` samples per second.

        ``captured`` is Unix nanoseconds of the first sample, by which sound and pictures are put
        together. What follows at once is played without a gap. InputError, Unavailable.
        """
        self._check()
        at = time.time_ns() if captured is None else check_captured(captured)
        for block in sound.blocks(samples, rate, at):
            if self.outlet.watched:
                self.outlet.put_sound(block)

    @overload
    def run(self, frames: Iterable[Any], fps: float | None = None) -> None: ...

    @overload
    def run(self, frames: AsyncIterable[Any], fps: float | None = None) -> Awaitable[None]: ...

    def run(
        self, frames: Iterable[Any] | AsyncIterable[Any], fps: float | None = None
    ) -> Awaitable[None] | None:
        """Show each of ``frames``, ``fps`` a second if that is given, until there are no more.

        Of an asynchronous iterator it must be awaited. InputError, Unavailable.
        """
        self._check()
        check_frames(frames)
        pace = Pace(check_fps(fps))
        if isinstance(frames, AsyncIterable):
            return self._run_async(frames, pace)
        for frame in frames:
            time.sleep(pace.wait_seconds(time.monotonic()))
            pace.take(time.monotonic())
            self.show(frame)
        return None

    def multipart(self) -> Iterator[bytes]:
        """The pictures as a multipart answer, of type ``multipart_type``, for the view of a web
        framework; it ends with the channel. Unavailable."""
        self._check()
        return multipart.stream(self._home.stream_of(self.name))

    def on_click(self, callback: Callable[[Click], object]) -> None:
        """Call ``callback`` whenever a viewer clicks into the picture, in a thread of its own.

        Only one is called. Unavailable where the hub is elsewhere, InputError for no function.
        """
        self._check()
        check_callback(callback)
        self._home.listen(self.name)
        self._on_click = callback

    def on_key(self, callback: Callable[[Key], object]) -> None:
        """The same for keys."""
        self._check()
        check_callback(callback)
        self._home.listen(self.name)
        self._on_key = callback

    def close(self) -> None:
        """End the channel; its viewers are sent away. It may be called again."""
        with self._lock:
            if self._closed:
                return
            self._closed, self._check = True, self._refuse
        self._home.remove(self.name)

    def heard(self, message: dict[str, Any]) -> None:
        """The hub tells what a viewer does."""
        event = self._display.history.understand(message)
        if isinstance(event, Click) and self._on_click is not None:
            self._home.call(self._on_click, event)
        elif isinstance(event, Key) and self._on_key is not None:
            self._home.call(self._on_key, event)

    def _repr_html_(self) -> str:
        """In a notebook: the live picture.

        Browsers show it to pages of the same site only, and the notebook may be on either name.
        """
        url = self._home.stream_of(self.name)
        named = url.replace("//127.0.0.1:", "//localhost:")
        again = f"this.onerror = null; this.src = '{url}'"
        return f'<img src="{named}" onerror="{again}" alt="{self.name}" style="max-width: 100%">'

    def _refuse(self) -> None:
        raise Unavailable(f"channel {self.name!r} has been closed: make a new one")

    def _understand(self, frame: Any, colors: Colors | None) -> Picture:
        picture = understand(frame, self._colors if colors is None else check_colors(colors))
        size = picture.width, picture.height
        if self._size is not None and size != self._size:
            told = f"{self._size[0]}x{self._size[1]}"
            raise InputError(
                f"a picture of {size[0]}x{size[1]} on a channel of size={told}: "
                "scale it, or leave out size"
            )
        self._last = *picture.kind, colors, picture.of(None)
        return picture

    async def _run_async(self, frames: AsyncIterable[Any], pace: Pace) -> None:
        async for frame in frames:
            await asyncio.sleep(pace.wait_seconds(time.monotonic()))
            pace.take(time.monotonic())
            self.show(frame)
