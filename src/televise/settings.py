"""Settings: how a server is to be, understood and checked already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from ssl import SSLContext

from televise.dialects import DialectSpec
from televise.hub.policy import DEFAULT, Policy
from televise.hub.relays.upstream import Upstream
from televise.model.allowed import ALLOWED
from televise.web.trust.certificate import Certificate
from televise.web.trust.proxies import Network

# Those that a number is for.
LIMITS = tuple(f"max_{name}" for name in ALLOWED)
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
    # What each of these limits is, ``ALLOWED`` says.
    max_viewers: int = ALLOWED["viewers"].usual
    max_viewers_per_address: int = ALLOWED["viewers_per_address"].usual
    max_viewers_per_channel: int = ALLOWED["viewers_per_channel"].usual
    max_connections_per_address: int = ALLOWED["connections_per_address"].usual
    max_renditions: int = ALLOWED["renditions"].usual
    max_megapixels: int = ALLOWED["megapixels"].usual
    max_publishers: int = ALLOWED["publishers"].usual
    max_megabytes: int = ALLOWED["megabytes"].usual
    max_header_kilobytes: int = ALLOWED["header_kilobytes"].usual
    max_body_kilobytes: int = ALLOWED["body_kilobytes"].usual
    max_picture_megabytes: int = ALLOWED["picture_megabytes"].usual
    max_message_megabytes: int = ALLOWED["message_megabytes"].usual
    max_pixels: int = ALLOWED["pixels"].usual
    max_replay_megabytes: int = ALLOWED["replay_megabytes"].usual
    max_log_lines: int = ALLOWED["log_lines"].usual
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
