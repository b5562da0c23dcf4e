"""Renews what is in a folder of `chassis.rpc.authority.make_folder` while processes use it.

A certificate is renewed in one step. An authority in three, with a wait after each until every process has
read the files: the new one is trusted beside the old, then signs, then the old is withdrawn. Each file is
replaced whole; a process that finds a pair half renewed goes on with the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chassis.rpc.authority import LIFETIME, Authority, Issued
from chassis.rpc.certificates import service_of, signed_by
from chassis.whole_files import replace_file


class CertificateFolderError(Exception):
    """The folder does not allow this; the message says why and what to do. It never holds a key."""


def add_authority(folder: Path, now: datetime, lifetime: timedelta = LIFETIME) -> None:
    """A new authority, which is trusted beside those before and signs from now on; its key is in ca.key.

    Raises CertificateFolderError, also while an earlier one waits for another to be withdrawn.
    """
    before = _authorities(folder)
    if len(before) > 1:
        raise CertificateFolderError(
            f"{folder / 'ca.pem'} holds {len(before)} authorities: end that change first, by "
            f"`borgerting tls renew {folder}` and `borgerting tls withdraw-authority {folder}`"
        )
    new = Authority(now, lifetime)
    replace_file(folder / "ca.key", new.issued.key, 0o600)
    replace_file(folder / "ca.pem", new.issued.certificate + _pem(before), 0o644)


def renew(folder: Path, now: datetime, lifetime: timedelta = LIFETIME) -> list[Path]:
    """Each service's certificate and key anew, under the same names, by the newest authority.

    None outlives its authority. Returns the certificates. Raises CertificateFolderError.
    """
    newest = _authorities(folder)[0]
    try:
        key = (folder / "ca.key").read_bytes()
        authority = Authority.kept(Issued(newest.public_bytes(Encoding.PEM), key))
    except (OSError, ValueError):
        raise CertificateFolderError(
            f"{folder / 'ca.key'} is not the key of the authority in ca.pem: "
            f"`borgerting tls add-authority {folder}` makes one that can sign"
        ) from None
    end = min(now + lifetime, authority.expire_time)
    if end <= now:
        raise CertificateFolderError(
            f"the authority in {folder / 'ca.pem'} has expired: `borgerting tls add-authority {folder}`"
        )
    renewed = []
    for path, own in _certificates(folder):
        service = service_of(own)
        if service is None:
            raise CertificateFolderError(f"{path} names no service of ours")
        issued = authority.issue([service], _hosts(own), begin=now, end=end)
        replace_file(path.with_suffix(".key"), issued.key, 0o600)
        replace_file(path, issued.certificate, 0o644)
        renewed.append(path)
    return renewed


def withdraw_authority(folder: Path) -> int:
    """Trust the newest alone; how many went. Raises CertificateFolderError while one is needed still."""
    newest, *older = _authorities(folder)
    if not older:
        raise CertificateFolderError(f"{folder / 'ca.pem'} holds one authority only")
    for path, own in _certificates(folder):
        if not signed_by([own], [newest]):
            raise CertificateFolderError(
                f"{path} is signed by an authority that would go: `borgerting tls renew {folder}` first"
            )
    replace_file(folder / "ca.pem", _pem([newest]), 0o644)
    return len(older)


def _authorities(folder: Path) -> list[x509.Certificate]:
    """The newest first."""
    try:
        return x509.load_pem_x509_certificates((folder / "ca.pem").read_bytes())
    except (OSError, ValueError):
        raise CertificateFolderError(
            f"{folder / 'ca.pem'} holds no certificate: `borgerting tls create {folder}` makes all"
        ) from None


def _certificates(folder: Path) -> list[tuple[Path, x509.Certificate]]:
    found = []
    for path in sorted(folder.glob("*.pem")):
        if path.name != "ca.pem":
            try:
                found.append((path, x509.load_pem_x509_certificate(path.read_bytes())))
            except (OSError, ValueError):
                raise CertificateFolderError(f"{path} holds no certificate in PEM") from None
    return found


def _hosts(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *(str(address) for address in addresses)]


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
