"""Target: where a source is pushed to."""

from dataclasses import dataclass, replace
from ssl import SSLContext
from urllib.parse import urlencode

from televise.errors import InputError
from televise.model.hub_url import parse_hub_url
from televise.model.name import check_name

EXAMPLE = "http://hub.example:8080/cam"


@dataclass(frozen=True, slots=True)
class Target:
    """Channel ``name`` of the ``hub`` at that URL, and the key for it. ``context`` says whose
    certificates are believed, if not those that the system does."""

    hub: str
    name: str
    token: str
    take_over: bool = False
    context: SSLContext | None = None

    @property
    def shown(self) -> str:
        """Where that is."""
        return f"{self.hub}/{self.name}"

    def url(self, node: str) -> str:
        """Where ``node`` connects to be its provider."""
        more = {"takeover": "1"} if self.take_over else {}
        return f"{self.hub}/api/link/{self.name}/publish?{urlencode({'node': node, **more})}"


def parse_target(text: str, token: str) -> Target:
    """``http://HUB:8080/NAME``, or ``ws://``; its query may hold the ``token``. InputError."""
    url = parse_hub_url(text, EXAMPLE)
    query = dict(url.query)
    token = url.token or token
    take_over = query.get("takeover", "0")
    if take_over not in ("0", "1"):
        raise InputError(f"takeover={take_over[:40]!a}: 1 or 0")
    path, _, name = url.path.rpartition("/")
    if not name:
        raise InputError(f"{url.http} names no channel: write it as in {EXAMPLE}")
    name = check_name(name.partition(".")[0])
    if not token:
        raise InputError("a key is needed: --token KEY, or TELEVISE_TOKEN; televise token makes it")
    return Target(replace(url, path=path).ws, name, token, take_over=take_over == "1")
