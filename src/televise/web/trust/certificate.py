"""Certificate: what a server shows of itself by TLS, read again when its files change."""

import ssl
from functools import cache
from pathlib import Path

from televise import events
from televise.errors import InputError

# What our parts of a connection say to each other; nothing else is agreed on.
PROTOCOLS = ["http/1.1"]


class Certificate:
    """The chain in ``certificate`` and its ``key``, as PEM. ``client_authority`` signs the
    certificates of those who show one, such as other hubs. InputError where they are none."""

    def __init__(
        self, certificate: Path, key: Path | None = None, client_authority: Path | None = None
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._client_authority = client_authority
        self._files = [each for each in (certificate, key, client_authority) if each is not None]
        self._named = (certificate, key, client_authority)
        self._seen = self._look()
        self.context = self._load()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and other._named == self._named

    def __hash__(self) -> int:
        return hash(self._named)

    def __reduce__(self) -> tuple[object, ...]:
        return Certificate, self._named

    @property
    def asks_clients(self) -> bool:
        """Whether other hubs must show a certificate."""
        return self._client_authority is not None

    def refresh(self) -> None:
        """Take what is in the files now, for connections to come. If it is no good, the one that
        was stays."""
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.context = self._load()
        except InputError as error:
            events.warning("the new certificate is not used", reason=str(error))
        else:
            events.info("another certificate is used", file=str(self._certificate))

    def _look(self) -> list[tuple[int, int]]:
        """Changes when one of the files does."""
        found = []
        for file in self._files:
            try:
                status = file.stat()
                found.append((status.st_mtime_ns, status.st_size))
            except OSError:
                found.append((0, 0))
        return found

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(PROTOCOLS)
        try:
            # A key behind a password would have to be typed: nobody is there.
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--tls-cert {self._certificate}: {_reason(error, self._key)}"
            ) from None
        if self._client_authority is not None:
            _ask_clients(context, self._client_authority)
        return context


@cache
def client_context(
    authority: Path | None, certificate: Path | None, key: Path | None
) -> ssl.SSLContext:
    """For connections to other hubs: whom to believe (else the system's store), and what to show.
    InputError."""
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise InputError(f"--upstream-ca {authority}: {_reason(error)}") from None
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise InputError(f"--upstream-cert {certificate}: {_reason(error, key)}") from None
    return context


def _ask_clients(context: ssl.SSLContext, authority: Path) -> None:
    # Viewers have none; `Guard` insists on it where it must be.
    context.verify_mode = ssl.CERT_OPTIONAL
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        raise InputError(f"--tls-client-ca {authority}: {_reason(error)}") from None


def _no_password() -> str:
    raise ValueError("its key has a password: write it without, for this user only")


def _reason(error: Exception, key: Path | None = Path()) -> str:
    """What is wrong; where ``key`` is None it must stand with the certificate."""
    if isinstance(error, ssl.SSLError):
        if "MISMATCH" in str(error):
            return "certificate and key do not belong together"
        return "is no PEM of such" + (", with its key in it" if key is None else "")
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
