"""Settings: how a server is to be, understood and checked already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from ssl import SSLContext

from televise.dialects import DialectSpec
from televise.hub.budget import MAX_RENDITIONS
from televise.hub.policy import DEFAULT, Policy
from televise.hub.upstream import Upstream
from televise.web.buffers import MAX_MEGABYTES
from televise.web.certificate import Certificate
from televise.web.proxies import Network
from televise.web.seats import MAX_PUBLISHERS

# Those that a number is for.
LIMITS = (
    *("max_viewers", "max_viewers_per_address", "max_viewers_per_channel"),
    *("max_connections_per_address", "max_renditions", "max_megapixels"),
    *("max_publishers", "max_megabytes"),
)
# Settings that stay while it runs, and how a file names them.
FIXED = {
    **{"host": "host", "port": "port", "names": "address", "dialects": "dialects"},
    **{"rtmp_port": "rtmp", "bus": "bus", "workers": "workers", "private": "private"},
    **{"certificate": "tls_cert", "upstream_context": "upstream_cert"},
    **{"proxies": "trusted_proxies"},
}


@dataclass(frozen=True)
class Settings:
    """Where to listen, who may ask, and how many viewers there may be."""

    host: str = "127.0.0.1"
    port: int = 8080
    origins: Sequence[str] = ()
    # Whether all pages of this machine may show our pictures.
    same_site: bool = False
    max_viewers: int = 10_000
    max_viewers_per_address: int = 5_000
    max_viewers_per_channel: int = 5_000
    # 0 for half of all that file descriptors allow.
    max_connections_per_address: int = 0
    # Of a channel, beside those that are as its source.
    max_renditions: int = MAX_RENDITIONS
    # A second, of all encodings that are not as their sources; 0 for what this machine can.
    max_megapixels: int = 0
    max_publishers: int = MAX_PUBLISHERS
    # Of all that waits for viewers.
    max_megabytes: int = MAX_MEGABYTES
    # How many processes serve viewers; one of them alone is the hub itself.
    workers: int = 1
    dialects: Sequence[DialectSpec] = ()
    policy: Policy = DEFAULT
    # Of channels that have another one.
    policies: Mapping[str, Policy] = field(default_factory=dict)
    # What it is called among the hubs of its file.
    name: str = ""
    # How others name this machine, beside its addresses.
    names: Sequence[str] = ()
    key_file: Path | None = None
    # Whether a key is needed to watch, too.
    private: bool = False
    # What is shown by TLS, on every port.
    certificate: Certificate | None = None
    # For connections to other hubs by TLS; None for what the system believes.
    upstream_context: SSLContext | None = None
    # Who may say for whom a request is made.
    proxies: Sequence[Network] = ()
    # Where sources may be that are named by the API, beside the Internet.
    source_networks: Sequence[Network] = ()
    # Whether publishers may make channels that are not there.
    new_channels: bool = False
    # None where the usual port will do, and it is no fault if that is taken; negative for no RTMP.
    rtmp_port: int | None = None
    upstreams: Sequence[Upstream] = ()
    # NATS, where hubs find each other's channels: its URL, or none.
    bus: str = field(default="", repr=False)

    def after(self, before: "Settings") -> tuple["Settings", list[str]]:
        """These, as far as they can come after ``before`` while it runs, and the keys of the rest
        where they differ."""
        stay = {name: getattr(before, name) for name in FIXED}
        differ = [FIXED[name] for name, value in stay.items() if value != getattr(self, name)]
        return replace(self, **stay), differ
