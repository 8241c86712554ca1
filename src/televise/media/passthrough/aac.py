"""AAC of a source: raw access units, without ADTS headers."""

from collections.abc import Iterator

from televise.errors import FormatError, LocalError, Unfit
from televise.formats import aac, adts
from televise.media.encoders.encoded import Encoded
from televise.media.passthrough.path import UNTOUCHED
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Track

# LC, HE (SBR) and HE v2 (PS): what browsers play.
_PLAYABLE = (2, 5, 29)
_SAMPLES = 1024


class AacPath:
    """AAC, with or without ADTS headers; a new configuration in those makes a new track."""

    def __init__(self, source: Input) -> None:
        self.track: Track | None = None
        self._has_split = False
        if source.extradata:
            self._use(aac.parse_audio_config(source.extradata))
        elif source.rate and source.channels:
            self._use(aac.make_audio_config(aac.LC, int(source.rate), source.channels))

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """The access units in ``unit``: one, or as many as it has ADTS headers."""
        blocks = self._split(unit.data)
        if self.track is None:
            return
        rate = self.track.timescale
        each = unit.place.duration / len(blocks)
        for number, data in enumerate(blocks):
            seconds = unit.place.seconds + number * each
            ticks, duration = round(seconds * rate), round(each * rate) or _SAMPLES
            yield Encoded(self.track, data, ticks, ticks, duration, False, unit.captured, seconds)

    def _split(self, data: bytes) -> list[bytes]:
        if not adts.is_adts(data):
            return [data]
        try:
            config, blocks = adts.split_adts(data)
        except FormatError as error:
            if self._has_split:
                raise
            raise Unfit(f"its ADTS headers are unusual ({error})") from error
        self._has_split = True
        if self.track is None or self.track.config != config.data:
            self._use(config)
        return blocks

    def _use(self, config: aac.AudioConfig) -> None:
        if config.object_type not in _PLAYABLE:
            raise Unfit(f"browsers cannot take AAC of object type {config.object_type}")
        self.track = Track(
            "audio",
            "aac",
            config.sample_rate,
            config.data,
            sample_rate=config.sample_rate,
            channels=config.channels,
            delivery="passthrough",
            reason=UNTOUCHED,
        )


def unfit(source: Input) -> str:
    """Why sound of ``source`` cannot go untouched to browsers as AAC; '' where it can."""
    if source.decoder is None:
        return "the source gives raw sound"
    if source.codec != "aac":
        return f"browsers cannot take {source.codec}"
    try:
        AacPath(source)
    except Unfit as problem:
        return str(problem)
    except (FormatError, LocalError) as error:
        return f"its configuration cannot be read ({error})"
    return ""
