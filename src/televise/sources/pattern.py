"""The test pattern: a moving picture that carries its frame number, and a tone."""

import time
from fractions import Fraction

import av

from televise.media.planes import pixel_planes
from televise.media.source import Feed, Input
from televise.media.testcard import TestCard
from televise.media.tone import Tone
from televise.model.options import PatternOptions

_SAMPLE_RATE = 48_000


class PatternSource:
    """Draws the test card ``options.fps`` times a second; a tone of ``options.tone`` hertz."""

    watched = False

    def __init__(self, options: PatternOptions) -> None:
        self._options = options
        self._card = TestCard(options.width, options.height)
        self._tone = Tone(options.tone, _SAMPLE_RATE) if options.tone else None
        self._samples = 0
        self._second = 0

    def run(self, feed: Feed) -> None:
        """Feed until stopped."""
        feed.opened(self._inputs())
        begin, number = time.monotonic(), 0
        # The tone's second is that of the clock, as the lamp's is.
        self._second = round(time.time() % 1 * _SAMPLE_RATE)
        while not feed.stopping:
            seconds = number / self._options.fps
            feed.frame(0, self._picture(number))
            self._feed_sound(feed, seconds + 1 / self._options.fps)
            number += 1
            # Where the machine could not keep up, or slept, the missed pictures are left out.
            number = max(number, int((time.monotonic() - begin) * self._options.fps))
            if feed.wait(begin + number / self._options.fps - time.monotonic()):
                return

    def _inputs(self) -> list[Input]:
        options = self._options
        video = Input(
            "video", "rawvideo", width=options.width, height=options.height, rate=options.fps
        )
        audio = Input("audio", "pcm_f32le", rate=_SAMPLE_RATE, channels=1)
        return [video, audio] if self._tone else [video]

    def _picture(self, number: int) -> av.VideoFrame:
        planes = self._card.render(number, time.time_ns() // 1_000_000)
        frame = av.VideoFrame(self._options.width, self._options.height, "yuv420p")
        for target, pixels in zip(pixel_planes(frame), planes, strict=True):
            target[:] = pixels
        frame.color_range = 1  # limited (tv)
        frame.colorspace = 5  # BT.601, 625 lines
        frame.pts = round(number / self._options.fps * 90_000)
        frame.time_base = Fraction(1, 90_000)
        return frame

    def _feed_sound(self, feed: Feed, until: float) -> None:
        end = round(until * _SAMPLE_RATE)
        # Of a long sleep only the end is made up for.
        self._samples = max(self._samples, end - _SAMPLE_RATE)
        count = end - self._samples
        if self._tone is None or count <= 0:
            return
        samples = self._tone.samples(self._second + self._samples, count)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
        frame.sample_rate = _SAMPLE_RATE
        frame.pts, frame.time_base = self._samples, Fraction(1, _SAMPLE_RATE)
        self._samples += count
        feed.frame(1, frame)
