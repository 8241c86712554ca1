"""Intake: gives what a supply sends to the encoding, look or publisher that it is for."""

from collections.abc import Callable

from televise import events
from televise.hub.encoding import Encoding
from televise.hub.looks import Looks
from televise.hub.renditions import Renditions
from televise.hub.seat import Seat
from televise.link.messages import Ended, Epoch, Media, Message, Missing, Refused, Taken


class Intake:
    """Of channel ``name``. ``broken`` hears of encodings that need a keyframe now."""

    def __init__(
        self,
        name: str,
        renditions: Renditions,
        looks: Looks,
        seat: Seat,
        broken: Callable[[Encoding], None],
    ) -> None:
        self._name = name
        self._renditions = renditions
        self._looks = looks
        self._seat = seat
        self._broken = broken

    def take(self, message: Message) -> None:
        """Nothing where it is for nobody, who may have gone."""
        if isinstance(message, Media):
            self._take_media(message)
        elif isinstance(message, Taken | Ended):
            if not self._looks.ended(message):
                self._seat.heard(message)
        elif isinstance(message, Missing):
            if encoding := self._renditions.get(message.id):
                encoding.explain(message.dropped)
        elif isinstance(message, Epoch):
            if wanted := self._renditions.get(message.id) or self._looks.get(message.id):
                wanted.begin(message)
        elif isinstance(message, Refused):
            self._take_refusal(message)

    def _take_media(self, message: Media) -> None:
        if encoding := self._renditions.get(message.id):
            encoding.append(message.packet)
            if encoding.broken:
                self._broken(encoding)
        elif look := self._looks.get(message.id):
            look.append(message.packet)

    def _take_refusal(self, message: Refused) -> None:
        encoding, look = self._renditions.get(message.id), self._looks.get(message.id)
        if encoding is None and look is None:
            return
        events.warning("rendition refused", channel=self._name, reason=message.text)
        if encoding is not None:
            self._renditions.refuse(encoding, message.text)
        elif look is not None:
            look.refuse(message.text)
