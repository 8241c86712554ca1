"""MPEG-1 video of a source, as it is: what publishers for jsmpeg send."""

from collections.abc import Iterator

from televise.errors import FormatError, Unfit
from televise.formats import mpeg1
from televise.media.encoders.encoded import Encoded
from televise.media.passthrough.path import (
    UNTOUCHED,
    VIDEO_TIMESCALE,
    Keyframes,
    shown_at_once,
)
from televise.media.pixels import MAX_PIXELS
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Track


class Mpeg1Path:
    """MPEG-1 video; a new size makes a new track.

    A viewer can begin at an I picture with a sequence header (ISO/IEC 11172-2, 2.4.3.2): one that
    comes without has the last one put before it.
    """

    def __init__(self, source: Input) -> None:
        self._header = b""
        self._track: Track | None = None
        self._keyframes = Keyframes()
        if source.extradata.startswith(mpeg1.SEQUENCE_CODE):
            self._use(source.extradata)

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """One picture."""
        data = unit.data
        types = mpeg1.picture_types(data)
        if len(types) != 1 or types[0] not in (mpeg1.I_PICTURE, mpeg1.P_PICTURE):
            raise Unfit("it has B pictures, which would delay it")
        if len(data) >= mpeg1.JSMP_MAX_BYTES:
            raise Unfit("it has pictures that are too large for some players")
        keyframe = types[0] == mpeg1.I_PICTURE
        self._keyframes.check(unit.place.seconds, keyframe=keyframe)
        if keyframe:
            data = self._with_header(data)
        if self._track is not None:
            yield shown_at_once(self._track, data, unit, keyframe=keyframe)

    def _with_header(self, data: bytes) -> bytes:
        if not data.startswith(mpeg1.SEQUENCE_CODE):
            return self._header + data
        self._use(data)
        return data

    def _use(self, data: bytes) -> None:
        ends = (data.find(code) for code in (mpeg1.GROUP_CODE, mpeg1.PICTURE_CODE))
        end = min((each for each in ends if each > 0), default=len(data))
        if data[:end] == self._header:
            return
        sequence = mpeg1.parse_sequence_header(data)
        if sequence.own_matrices:
            raise Unfit("it has quantiser matrices of its own")
        if sequence.width * sequence.height > MAX_PIXELS:
            raise Unfit(f"its pictures have {sequence.width}x{sequence.height} pixels")
        self._header = data[:end]
        size = sequence.width, sequence.height
        if self._track is None or (self._track.width, self._track.height) != size:
            self._track = Track(
                "video", "mpeg1video", VIDEO_TIMESCALE, b"", *size,
                delivery="passthrough", reason=UNTOUCHED,
            )  # fmt: skip


def unfit(source: Input) -> str:
    """Why pictures of ``source`` cannot go untouched as MPEG-1; '' where they can."""
    if source.codec != "mpeg1video" or source.decoder is None:
        return "mpeg1video was asked for"
    if source.rotation:
        return f"it has to be turned by {source.rotation} degrees"
    if source.pixel_aspect != 1:
        return "its pixels are not square"
    try:
        Mpeg1Path(source)
    except Unfit as problem:
        return str(problem)
    except FormatError as error:
        return f"its sequence header cannot be read ({error})"
    return ""
