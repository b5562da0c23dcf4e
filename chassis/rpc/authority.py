"""Makes certificates for the services of one suite: for trials, compose and tests.

A cluster has its own way (cert-manager); what counts is the URI that names the service.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis.rpc.certificates import SERVICE_URI, CertificateFiles

LIFETIME = timedelta(days=365)
# Clocks of the machines that check it may be a little behind.
_EARLIER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key, in PEM."""

    certificate: bytes
    key: bytes

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """`name`.pem and `name`.key, which its owner alone can read. Raises FileExistsError."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        for path, content, mode in ((key, self.key, 0o600), (certificate, self.certificate, 0o644)):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        return certificate, key


class Authority:
    """Signs services' certificates with a key that is nowhere unless `issued` is written."""

    issued: Issued
    expire_time: datetime

    def __init__(
        self, now: datetime, lifetime: timedelta = LIFETIME, name: str = "Borgerting services"
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        made = (
            _begun(self._name, self._name, self._key.public_key(), now - _EARLIER, now + lifetime)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(self._identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.issued = Issued(made.public_bytes(Encoding.PEM), _pem(self._key))
        self.expire_time = made.not_valid_after_utc

    @classmethod
    def kept(cls, issued: Issued) -> Authority:
        """One that was made before. Raises ValueError when it is none, or the key is not its own."""
        certificate = x509.load_pem_x509_certificate(issued.certificate)
        key = load_pem_private_key(issued.key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("not the key of this certificate")
        found = cls.__new__(cls)
        found._key, found._name, found.issued = key, certificate.subject, issued
        found._identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        found.expire_time = certificate.not_valid_after_utc
        return found

    def issue(
        self,
        services: Iterable[str],
        hosts: Iterable[str],
        *,
        begin: datetime,
        end: datetime,
    ) -> Issued:
        """For one service, reached under these names and addresses (several or none make a bad one)."""
        key = ec.generate_private_key(ec.SECP256R1())
        listed = list(services)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, " ".join(listed) or "nobody")])
        names: list[x509.GeneralName] = [_host(host) for host in hosts]
        names += [x509.UniformResourceIdentifier(SERVICE_URI + service) for service in listed]
        certificate = (
            _begun(subject, self._name, key.public_key(), begin - _EARLIER, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return Issued(certificate.public_bytes(Encoding.PEM), _pem(key))


def make_folder(
    folder: Path,
    services: Iterable[str],
    hosts: Iterable[str],
    now: datetime,
    lifetime: timedelta = LIFETIME,
    *,
    keep_authority: bool = False,
) -> dict[str, CertificateFiles]:
    """ca.pem, and NAME.pem with NAME.key per service: reached as NAME, and under `hosts`.

    The authority's key is thrown away, or kept in ca.key for renewals. Raises FileExistsError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority(now, lifetime)
    ca = folder / "ca.pem"
    if keep_authority:
        authority.issued.write(folder, "ca")
    else:
        with ca.open("xb") as file:
            file.write(authority.issued.certificate)
    made = {}
    for service in services:
        own = authority.issue([service], [service, *hosts], begin=now, end=now + lifetime)
        certificate, key = own.write(folder, service)
        made[service] = CertificateFiles(ca, certificate, key)
    return made


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin.astimezone(UTC))
        .not_valid_after(end.astimezone(UTC))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
