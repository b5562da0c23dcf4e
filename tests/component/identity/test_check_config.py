"""`borgerting check-config` warns of certificates and keys that run out, and of such as do not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from chassis import cli
from chassis.auth.keys import FileKeys
from chassis.clock import FixedClock
from chassis.config import load_settings
from chassis.config_expiry import expiry_warnings
from chassis.rpc.authority import Authority, Issued

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
HOSTS = ("followup", "127.0.0.1")


@dataclass
class Folder:
    """Certificates, and what is said of them."""

    path: Path
    authority: Authority = field(default_factory=lambda: Authority(NOW, 800 * DAY))
    variables: dict[str, str] = field(default_factory=dict)

    def set(self, own: Issued | None = None, *authorities: Authority) -> None:
        shown = own or self.issue()
        ca, certificate, key = (self.path / name for name in ("ca.pem", "own.pem", "own.key"))
        trusted = authorities or (self.authority,)
        ca.write_bytes(b"".join(each.issued.certificate for each in trusted))
        certificate.write_bytes(shown.certificate)
        key.write_bytes(shown.key)
        self.variables |= {
            "BORGERTING_TLS__CA": str(ca),
            "BORGERTING_TLS__CERTIFICATE": str(certificate),
            "BORGERTING_TLS__KEY": str(key),
        }

    def issue(
        self, service: str = "followup", begin: datetime = NOW, end: datetime = NOW + 90 * DAY
    ) -> Issued:
        return self.authority.issue([service], HOSTS, begin=begin, end=end)

    def warnings(self, days: int = 30, now: datetime = NOW) -> list[str]:
        settings = load_settings(["followup", "deliberation"], self.variables, alone="followup")
        return expiry_warnings(settings, now, timedelta(days=days), alone="followup")

    def warning(self, days: int = 30, now: datetime = NOW) -> str:
        [found] = self.warnings(days, now)
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.set()
    return made


def test_what_fits_and_lasts_is_not_spoken_of(folder: Folder) -> None:
    folder.variables["BORGERTING_FOLLOWUP__GRPC_ADDRESS"] = "127.0.0.1:9446"
    assert folder.warnings() == []


def test_our_certificate_runs_out(folder: Folder) -> None:
    assert "own.pem runs out on" in folder.warning(days=90)
    assert "in 89 days" in folder.warning(days=90, now=NOW + timedelta(minutes=1))
    assert "own.pem has expired on" in folder.warning(now=NOW + 91 * DAY)
    folder.set(folder.issue(begin=NOW + DAY))
    assert "own.pem does not count before" in folder.warning()


def test_an_authority_runs_out(folder: Folder) -> None:
    short = Authority(NOW, 20 * DAY)
    folder.set(None, folder.authority, short)
    assert folder.warning().startswith("BORGERTING_TLS__CA: another authority in")
    folder.authority = short
    folder.set()
    assert folder.warning().startswith("BORGERTING_TLS__CA: the authority in")
    assert "has expired on" in folder.warning(now=NOW + 21 * DAY)


def test_an_authority_that_others_do_not_know(folder: Folder) -> None:
    folder.set(None, Authority(NOW, 800 * DAY))
    assert "does not hold who signed" in folder.warning()


def test_a_chain_leads_to_the_authority(folder: Folder) -> None:
    """Who signed ours is within our file, and who signed that is known."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in ("a", "b", "c")]

    def certificate(place: int, by: int, end: timedelta) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[place])
            .issuer_name(names[by])
            .public_key(keys[place].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + end)
        )
        if place == 2:
            uri = x509.UniformResourceIdentifier("urn:borgerting:service:followup")
            builder = builder.add_extension(x509.SubjectAlternativeName([uri]), critical=False)
        return builder.sign(keys[by], hashes.SHA256())

    root, between, own = (
        certificate(0, 0, 800 * DAY),
        certificate(1, 0, 20 * DAY),
        certificate(2, 1, 90 * DAY),
    )
    folder.set()
    pem = [each.public_bytes(Encoding.PEM) for each in (root, between, own)]
    (folder.path / "ca.pem").write_bytes(pem[0])
    (folder.path / "own.key").write_bytes(key_pem(keys[2]))
    (folder.path / "own.pem").write_bytes(pem[2] + pem[1])
    assert "an authority within" in folder.warning()
    (folder.path / "own.pem").write_bytes(pem[2])
    assert "does not hold who signed" in folder.warning()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_certificate_of_another_service_or_address(folder: Folder) -> None:
    folder.set(folder.issue("deliberation"))
    assert "names deliberation, and this is followup" in folder.warning()
    folder.set()
    folder.variables["BORGERTING_FOLLOWUP__GRPC_ADDRESS"] = "followup.example.dk:9446"
    assert "is not for followup.example.dk" in folder.warning()


def test_a_certificate_for_one_direction_only(folder: Folder) -> None:
    own = x509.load_pem_x509_certificate(folder.issue().certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(own.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 90 * DAY)
        .add_extension(
            own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value, critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    folder.set(Issued(pem, key_pem(key)))
    (folder.path / "ca.pem").write_bytes(pem)
    assert "is not for client authentication" in folder.warning()


def test_the_brokers_and_the_collectors(folder: Folder) -> None:
    short = Authority(NOW, 20 * DAY)
    ours = short.issue(["followup"], HOSTS, begin=NOW, end=NOW + 10 * DAY)
    certificate, key = ours.write(folder.path, "kafka")
    ca = folder.path / "brokers.pem"
    ca.write_bytes(short.issued.certificate)
    folder.variables |= {
        "BORGERTING_KAFKA__BOOTSTRAP": "broker:9093",
        "BORGERTING_KAFKA__SECURITY": "SSL",
        "BORGERTING_KAFKA__CA_FILE": str(ca),
        "BORGERTING_KAFKA__CERTIFICATE_FILE": str(certificate),
        "BORGERTING_KAFKA__KEY_FILE": str(key),
        "BORGERTING_TELEMETRY__OTLP_CA_FILE": str(ca),
    }
    brokers, client, collector = folder.warnings()
    assert brokers.startswith("BORGERTING_KAFKA__CA_FILE: the last authority in")
    assert "kafka.pem runs out on" in client
    assert collector.startswith("BORGERTING_TELEMETRY__OTLP_CA_FILE: the last authority in")
    # One that lasts is enough: a public bundle holds many that end.
    ca.write_bytes(short.issued.certificate + folder.authority.issued.certificate)
    assert "kafka.pem runs out on" in folder.warning()
    key.write_bytes((folder.path / "own.key").read_bytes())
    assert "kafka.key is not the key of" in folder.warning(days=5)
    for file, words in (
        (key, "KEY_FILE: .* holds no private key"),
        (certificate, "CERTIFICATE_FILE: .* holds no certificate"),
    ):
        file.write_text("nothing")
        assert re.search(words, folder.warning(days=5))


def test_the_key_that_signs(folder: Folder) -> None:
    keys = folder.path / "keys"
    FileKeys(keys, FixedClock(NOW - 350 * DAY))
    folder.variables["BORGERTING_KEYS__DIR"] = str(keys)
    assert "the key that signs is a year old on" in folder.warning()
    assert folder.warnings(days=10) == []
    assert "is over a year old" in folder.warning(now=NOW + 16 * DAY)
    FileKeys(keys, FixedClock(NOW)).rotate()
    assert folder.warnings() == []


def test_the_command(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(*more: str) -> tuple[int, list[str]]:
        code = cli.run(["check-config", *more])
        return code, capsys.readouterr().err.splitlines()

    for name, value in folder.variables.items():
        monkeypatch.setenv(name, value)
    assert check("--strict") == (0, [])
    code, [line] = check("--days", "100")
    assert code == 0
    assert line.startswith("Warning: BORGERTING_TLS__CERTIFICATE: ")
    assert check("--days", "100", "--strict")[0] == 2
    # What keeps it from starting is no warning.
    (folder.path / "own.key").write_bytes(folder.issue().key)
    code, [line] = check()
    assert code == 2
    assert "is not the key of" in line
    folder.set(folder.issue(end=NOW - timedelta(seconds=1), begin=NOW - DAY))
    code, [line] = check()
    assert code == 2
    assert "has expired" in line
    folder.set()
    keys = folder.path / "keys"
    FileKeys(keys, FixedClock(NOW)).path.chmod(0o644)
    monkeypatch.setenv("BORGERTING_KEYS__DIR", str(keys))
    code, [line] = check()
    assert code == 2
    assert "others may read" in line
