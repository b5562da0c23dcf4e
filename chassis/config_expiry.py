"""What of the certificates and keys that the settings name runs out soon, or does not fit together.

Such a process starts, and is refused by its neighbours, today or one day: so these are warnings, and what
keeps it from starting is refused by chassis.config_identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from chassis.auth.key_gauges import KEY_LIFETIME
from chassis.auth.keys import FileKeys, KeyFileError
from chassis.clock import FixedClock
from chassis.config import PREFIX, SettingsError, SuiteSettings
from chassis.config_events import ADDRESS_SUFFIX, KAFKA_PREFIX
from chassis.rpc.certificates import CertificateFiles, service_of, signed_by


def expiry_warnings(
    settings: SuiteSettings, now: datetime, within: timedelta, *, alone: str | None = None
) -> list[str]:
    """A sentence for each, naming its variable. Of whole and readable settings; `alone` as there.

    Raises SettingsError for a key file that cannot be used.
    """
    soon = _Soon(now, within)
    found: list[str] = []
    if settings.tls_files is not None:
        found += _own(settings, settings.tls_files, alone, soon)
    found += _kafka(settings, soon)
    if settings.telemetry_otlp_ca_file is not None:
        found += soon.bundle("BORGERTING_TELEMETRY__OTLP_CA_FILE", settings.telemetry_otlp_ca_file)
    if settings.keys_dir is not None:
        try:
            since = FileKeys(settings.keys_dir, FixedClock(now), shared=True).signing_since()
        except KeyFileError as error:
            raise SettingsError([f"BORGERTING_KEYS__DIR: {error}."]) from None
        end = since + KEY_LIFETIME
        if end <= now + within:
            state = "is over a year old" if end <= now else f"is a year old on {end:%Y-%m-%d}"
            rotate = f"`borgerting keys rotate {settings.keys_dir}` makes a new one"
            found.append(f"BORGERTING_KEYS__DIR: the key that signs {state}: {rotate}.")
    return found


@dataclass(frozen=True, slots=True)
class _Soon:
    now: datetime
    within: timedelta

    def words(self, what: str, certificate: x509.Certificate) -> Iterator[str]:
        """`what` begins the sentence."""
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if begin > self.now:
            yield f"{what} does not count before {begin:%Y-%m-%d %H:%M} UTC."
        if end <= self.now:
            yield f"{what} has expired on {end:%Y-%m-%d}."
        elif end <= self.now + self.within:
            yield f"{what} runs out on {end:%Y-%m-%d}, in {(end - self.now).days} days."

    def bundle(self, variable: str, path: Path) -> list[str]:
        """Of authorities that others are checked by: only when none of them will last."""
        try:
            last = max(_certificates(path), key=lambda one: one.not_valid_after_utc)
        except (OSError, ValueError):
            return [f"{variable}: {path} holds no certificate in PEM."]
        return list(self.words(f"{variable}: the last authority in {path}", last))


def _own(settings: SuiteSettings, files: CertificateFiles, alone: str | None, soon: _Soon) -> Iterable[str]:
    variable = "BORGERTING_TLS__CERTIFICATE"
    chain, authorities = _certificates(files.certificate), _certificates(files.ca)
    yield from soon.words(f"{variable}: {files.certificate}", chain[0])
    for one in chain[1:]:
        yield from soon.words(f"{variable}: an authority within {files.certificate}", one)
    if not signed_by(chain, authorities):
        yield (
            f"BORGERTING_TLS__CA: {files.ca} does not hold who signed {files.certificate}: "
            "neighbours that know the same authorities refuse it."
        )
    for one in authorities:
        which = "the authority" if signed_by(chain, [one]) else "another authority"
        yield from soon.words(f"BORGERTING_TLS__CA: {which} in {files.ca}", one)
    yield from _names(settings, files, chain[0], alone)


def _names(
    settings: SuiteSettings, files: CertificateFiles, own: x509.Certificate, alone: str | None
) -> Iterable[str]:
    named = service_of(own)
    if alone is None or named is None:
        return
    if named != alone:
        yield (
            f"BORGERTING_TLS__CERTIFICATE: {files.certificate} names {named}, and this is {alone}: "
            "neighbours take it for the other."
        )
    address = settings.grpc_addresses.get(alone)
    host = address.rpartition(":")[0].strip("[]") if address else ""
    if host and not _covers(own, host):
        yield (
            f"BORGERTING_TLS__CERTIFICATE: {files.certificate} is not for {host}, where "
            f"{PREFIX}{alone.upper()}{ADDRESS_SUFFIX} says that {alone} is reached."
        )
    try:
        uses = set(own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return
    for use, words in (
        (ExtendedKeyUsageOID.SERVER_AUTH, "server authentication, so that nobody may call this process"),
        (ExtendedKeyUsageOID.CLIENT_AUTH, "client authentication, so that it may call no neighbour"),
    ):
        if use not in uses:
            yield f"BORGERTING_TLS__CERTIFICATE: {files.certificate} is not for {words}."


def _covers(certificate: x509.Certificate, host: str) -> bool:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    known |= {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    wanted = host.lower()
    return wanted in known or f"*.{wanted.partition('.')[2]}" in known


def _kafka(settings: SuiteSettings, soon: _Soon) -> Iterable[str]:
    kafka = settings.kafka
    if kafka.ca_file is not None:
        yield from soon.bundle(f"{KAFKA_PREFIX}CA_FILE", kafka.ca_file)
    if kafka.certificate_file is None or kafka.key_file is None:
        return
    try:
        own = _certificates(kafka.certificate_file)[0]
    except (OSError, ValueError):
        yield f"{KAFKA_PREFIX}CERTIFICATE_FILE: {kafka.certificate_file} holds no certificate in PEM."
        return
    yield from soon.words(f"{KAFKA_PREFIX}CERTIFICATE_FILE: {kafka.certificate_file}", own)
    spki = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        key = load_pem_private_key(kafka.key_file.read_bytes(), None).public_key().public_bytes(*spki)
    except (OSError, ValueError, TypeError):
        yield f"{KAFKA_PREFIX}KEY_FILE: {kafka.key_file} holds no private key in PEM without a passphrase."
        return
    if key != own.public_key().public_bytes(*spki):
        yield f"{KAFKA_PREFIX}KEY_FILE: {kafka.key_file} is not the key of {kafka.certificate_file}."


def _certificates(path: Path) -> list[x509.Certificate]:
    """At least one. Raises OSError or ValueError."""
    found = x509.load_pem_x509_certificates(path.read_bytes())
    if not found:
        raise ValueError("no certificate")
    return found
