"""Shaper: turns and scales pictures to what an encoder wants."""

import av
from av.filter import Graph
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from televise.media.encoders.encoded import Picture

_TURNS = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}


class Shaper:
    """Makes pictures of one size, pixel format and orientation out of pictures of any.

    ``full_range`` is what JPEG wants: all 256 values, and colours as in BT.601. Else it is 16 to
    235, and colours as they are.
    """

    def __init__(self, width: int, height: int, pixel_format: str, *, full_range: bool) -> None:
        self._size = (width, height)
        self._pixel_format = pixel_format
        self._range = ColorRange.JPEG if full_range else ColorRange.MPEG
        self._colours = Colorspace.ITU601 if full_range else None
        self._reformatter = VideoReformatter()
        self._turner: tuple[tuple[int, int, int, str], Graph] | None = None

    def shape(self, picture: Picture) -> av.VideoFrame:
        """Its frame turned, in our size and format; the very same one if that is what it is."""
        frame, rotation = picture.frame, picture.rotation
        turned = self._turn(frame, rotation) if rotation in _TURNS else frame
        return self._reformatter.reformat(
            turned,
            *self._size,
            self._pixel_format,
            dst_colorspace=Colorspace.ITU601 if is_rgb(frame) else self._colours,
            dst_color_range=self._range,
        )

    def _turn(self, frame: av.VideoFrame, rotation: int) -> av.VideoFrame:
        key = (rotation, frame.width, frame.height, frame.format.name)
        if self._turner is None or self._turner[0] != key:
            self._turner = key, _turning_graph(frame, rotation)
        graph = self._turner[1]
        graph.push(frame)
        turned = graph.pull()
        assert isinstance(turned, av.VideoFrame)
        return turned


def _turning_graph(frame: av.VideoFrame, rotation: int) -> Graph:
    graph = Graph()
    chain = [
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        )
    ]
    chain += [graph.add("transpose", direction) for direction in _TURNS[rotation]]
    chain.append(graph.add("buffersink"))
    graph.link_nodes(*chain)
    graph.configure()
    return graph


def is_rgb(frame: av.VideoFrame) -> bool:
    """Whether its colours are red, green and blue."""
    return frame.format.is_rgb or frame.format.has_palette
