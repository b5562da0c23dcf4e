"""Certificates between services: whom one names, whether the files hang together, and re-reading them.

A service is named by its certificate's URI `urn:borgerting:service:NAME` (subject alternative name), exactly
one. Host names in it say where the service is reached and nothing of who it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SERVICE_URI = "urn:borgerting:service:"

_log = structlog.get_logger("chassis.rpc.certificates")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM: who signs (one or several), our own chain with our own certificate first, and its private key."""

    ca: Path
    certificate: Path
    key: Path

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Changes when a file does, also when a link leads to another file. Raises OSError."""
        states = [path.stat() for path in (self.ca, self.certificate, self.key)]
        return tuple((state.st_mtime_ns, state.st_size, state.st_ino) for state in states)

    def read(self) -> tuple[bytes, bytes, bytes]:
        return self.ca.read_bytes(), self.certificate.read_bytes(), self.key.read_bytes()

    def expire_time(self) -> datetime:
        """When our own certificate ends. Raises OSError or ValueError."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).not_valid_after_utc

    def authority_expire_time(self) -> datetime:
        """When the last of those who sign ends: while one is replaced there are two. Raises as above."""
        found = x509.load_pem_x509_certificates(self.ca.read_bytes())
        return max(one.not_valid_after_utc for one in found)


def file_problem(files: CertificateFiles) -> str | None:
    """What is wrong with them, for an operator; None when they can be used. It never quotes a file."""
    try:
        if not x509.load_pem_x509_certificates(files.ca.read_bytes()):
            raise ValueError
    except (OSError, ValueError):
        return f"BORGERTING_TLS__CA: {files.ca} holds no certificate in PEM."
    try:
        own = x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return f"BORGERTING_TLS__CERTIFICATE: {files.certificate} holds no certificate in PEM."
    try:
        key = load_pem_private_key(files.key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return f"BORGERTING_TLS__KEY: {files.key} holds no private key in PEM without a passphrase."
    spki = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*spki) != own.public_key().public_bytes(*spki):
        return f"BORGERTING_TLS__KEY: {files.key} is not the key of {files.certificate}."
    if service_of(own) is None:
        return (
            f"BORGERTING_TLS__CERTIFICATE: {files.certificate} names no service: one subject alternative "
            f"name must be the URI {SERVICE_URI}NAME."
        )
    if own.not_valid_after_utc <= datetime.now(UTC):
        return f"BORGERTING_TLS__CERTIFICATE: {files.certificate} has expired."
    return None


def signed_by(chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]) -> bool:
    """Whether one of them signed the first of the chain, or those within the chain that lead to it.

    Signatures and names only; times and uses are for the handshake.
    """
    current, between = chain[0], list(chain[1:])
    while not any(_issued(current, one) for one in authorities):
        above = next((one for one in between if _issued(current, one)), None)
        if above is None:
            return False
        between.remove(above)
        current = above
    return True


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def service_of(certificate: x509.Certificate) -> str | None:
    """The service that it names; None when it names none, or several."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    found = {
        uri.removeprefix(SERVICE_URI)
        for uri in names.get_values_for_type(x509.UniformResourceIdentifier)
        if uri.startswith(SERVICE_URI)
    }
    return found.pop() if len(found) == 1 and "" not in found else None


@functools.lru_cache(maxsize=256)
def service_named_by(pem: bytes) -> str | None:
    """As `service_of`. Kept, since the same few certificates come with every call."""
    try:
        return service_of(x509.load_pem_x509_certificate(pem))
    except ValueError:
        return None


def server_credentials(files: CertificateFiles, *, neighbours: bool) -> grpc.ServerCredentials:
    """For a port of ours. `neighbours`: only who has a certificate of our CA gets through the handshake.

    Files that change are read again at the next handshake; while they do not hang together (one is written,
    the other not yet) those from before count.
    """
    renewed = Renewed(files, "neighbours' port" if neighbours else "everybody's port")

    def configuration() -> grpc.ServerCertificateConfiguration:
        ca, certificate, key = renewed.current
        return grpc.ssl_server_certificate_configuration(
            [(key, certificate)], root_certificates=ca if neighbours else None
        )

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        return configuration() if renewed.changed() else None

    return grpc.dynamic_ssl_server_credentials(
        configuration(),
        fetch,  # type: ignore[arg-type]  # the stubs forget that None means unchanged
        require_client_authentication=neighbours,
    )


class Renewed:
    """The files' content as it stands, taken over only when it hangs together. `use` is for the log."""

    def __init__(self, files: CertificateFiles, use: str) -> None:
        self._files = files
        self._use = use
        self._stamp = files.stamp()
        self._refused: object = None
        self.current = files.read()

    def changed(self) -> bool:
        """Whether `current` is another than at the last question."""
        stamp = None
        try:
            stamp = self._files.stamp()
            if stamp == self._stamp:
                return False
            problem = file_problem(self._files)
            content = self._files.read()
            if problem is None and self._files.stamp() == stamp:
                self.current, self._stamp = content, stamp
                _log.info("certificate read again", use=self._use)
                return True
        except OSError as error:
            problem = type(error).__name__
        problem = problem or "it is being written"
        if (stamp, problem) != self._refused:  # said once, not at every question
            _log.warning("certificate not taken over", use=self._use, problem=problem)
            self._refused = stamp, problem
        return False


def seconds_left(files: CertificateFiles) -> dict[str, float]:
    """For a metric: seconds until our `own` certificate ends, and until that of who signs it, the
    `authority`; negative afterwards, and -1 where it cannot be read.
    """

    def left(when: Callable[[], datetime]) -> float:
        try:
            return (when() - datetime.now(UTC)).total_seconds()
        except (OSError, ValueError):
            return -1.0

    return {"own": left(files.expire_time), "authority": left(files.authority_expire_time)}
