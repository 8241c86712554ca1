"""Shaper: turns and scales pictures to what an encoder wants."""

import av
from av.filter import Graph
from av.video.reformatter import VideoReformatter

_TURNS = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}


class Shaper:
    """Makes pictures of one size, pixel format and orientation out of pictures of any."""

    def __init__(self, width: int, height: int, pixel_format: str) -> None:
        self._size = (width, height)
        self._pixel_format = pixel_format
        self._reformatter = VideoReformatter()
        self._turner: tuple[tuple[int, int, int, str], Graph] | None = None

    def shape(self, frame: av.VideoFrame, rotation: int) -> av.VideoFrame:
        """``frame`` turned counter-clockwise by ``rotation`` degrees, in our size and format."""
        turned = self._turn(frame, rotation) if rotation in _TURNS else frame
        width, height = self._size
        return self._reformatter.reformat(turned, width, height, self._pixel_format)

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
