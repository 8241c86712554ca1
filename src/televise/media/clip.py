"""Clip: some seconds of the past in the encoding that somebody asks for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import av
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from televise.errors import Unavailable
from televise.link.messages import Ended, Look, Message, Subscribe
from televise.media.container import prepare
from televise.media.decoding import Decoding
from televise.media.encoders.encoded import Picture, Sound
from televise.media.encoding import Encoding
from televise.media.replay import Kept, Replay
from televise.media.source import Decoder, Input
from televise.media.unit import Unit
from televise.model.track import Kind

# A clip that is not encoded anew may begin so much too early.
NEAR_SECONDS = 0.5


class Clip:
    """Encodes ``kept`` for ``look`` and sends that; shown is what lies behind ``begin``.

    A look of no length gets one picture: the last. Between pictures it is asked whether anybody
    waits for it.
    """

    def __init__(
        self,
        look: Look,
        kept: Sequence[Kept],
        begin: float,
        send: Callable[[Message], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._look = look
        self._kept = kept
        self._begin = begin
        self._send = send
        self._is_wanted = is_wanted
        sources = {each.source.kind: each.source for each in kept}
        wanted = Subscribe(look.id, look.rendition, 1)
        late = kept[0].place.seconds < begin - NEAR_SECONDS and bool(look.length)
        unfit: dict[Kind, str] = {"video": "it begins between two keyframes"} if late else {}
        self._encoding = Encoding(wanted, sources, unfit, send)
        self._decodings = {kind: Decoding(_own(source)) for kind, source in sources.items()}

    def run(self) -> None:
        """Send all of it, and that this was all. Unavailable where it is not wanted any more."""
        if self._look.length:
            self._send_all()
        else:
            self._send_last()
        self._encoding.close()
        self._send(Ended(self._look.id))

    def _send_all(self) -> None:
        for each, unit in self._units():
            kind = each.source.kind
            if kind == "video" or each.place.seconds >= self._begin:
                self._encoding.packet(kind, unit)
            if self._encoding.wants_frames(kind):
                for item in self._decodings[kind].decode(unit):
                    self._encode(item)

    def _send_last(self) -> None:
        last: Picture | None = None
        for each, unit in self._units():
            if each.source.kind == "video":
                for item in self._decodings["video"].decode(unit):
                    last = item if isinstance(item, Picture) else last
        if not self._encoding.wants_frames("video"):
            pictures = [each for each in self._kept if each.source.kind == "video"]
            self._encoding.packet("video", pictures[-1].unit())
        elif last is not None:
            self._encoding.encode([last])

    def _units(self) -> Iterator[tuple[Kept, Unit]]:
        for each in self._kept:
            if not self._is_wanted():
                raise Unavailable("it has taken too long")
            yield each, each.unit()

    def _encode(self, item: Picture | Sound) -> None:
        if item.seconds < self._begin:
            return
        if isinstance(item, Picture):
            self._encoding.encode([item])
        else:
            self._encoding.sound(item)


def send_clip(
    look: Look,
    replay: Replay,
    now: float,
    send: Callable[[Message], None],
    is_wanted: Callable[[], bool],
) -> None:
    """What ``look`` asks for at ``now`` (seconds of media time), or why it cannot be had.
    Unavailable where it is not wanted any more."""
    begin = now - look.ago
    kept = replay.between(begin, begin + look.length)
    if any(each.source.kind == "video" for each in kept):
        Clip(look, kept, begin, send, is_wanted).run()
        return
    oldest = replay.oldest
    back = f"it goes back {now - oldest:.0f} s" if oldest is not None else "there is none yet"
    send(Ended(look.id, f"no picture from {look.ago:.0f} s ago is kept: {back}"))


def _own(source: Input) -> Input:
    """The same input with a decoder that nobody else uses."""
    return replace(source, decoder=None if source.decoder is None else _copy(source.decoder))


def _copy(decoder: Decoder) -> Decoder:
    copy = av.CodecContext.create(decoder.codec.name, "r")
    assert isinstance(copy, VideoCodecContext | AudioCodecContext)
    if decoder.extradata:
        copy.extradata = decoder.extradata
    prepare(copy)
    if isinstance(copy, AudioCodecContext) and isinstance(decoder, AudioCodecContext):
        copy.sample_rate = decoder.sample_rate
        copy.layout = decoder.layout
    return copy
