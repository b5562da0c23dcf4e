"""Services know one another by certificate: the right one, and every other, on real TLS connections."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import SettingsError, load_settings
from chassis.rpc import neighbours
from chassis.rpc.authority import Authority, Issued, make_folder
from chassis.rpc.certificates import SERVICE_URI, CertificateFiles, file_problem, service_named_by
from chassis.rpc.client import tcp_channel
from chassis.rpc.neighbours import RenewingChannel, neighbour_channel
from chassis.rpc.status import domain_error_from
from chassis.suite import Addresses, Suite
from services.deliberation.service import DESCRIPTOR

DAY = timedelta(days=1)
HOSTS = ("localhost", "127.0.0.1")


@dataclass
class House:
    """Deliberation on its own, with certificates of `authority`."""

    folder: Path
    addresses: Addresses
    authority: Authority
    files: CertificateFiles
    stack: ExitStack

    def issued(self, *services: str, begin: timedelta = -DAY, end: timedelta = DAY) -> Issued:
        now = datetime.now(UTC)
        return self.authority.issue(services, HOSTS, begin=now + begin, end=now + end)

    def channel(self, address: str, shown: Issued | None, ca: bytes | None = None) -> grpc.Channel:
        roots = ca or self.authority.issued.certificate
        credentials = grpc.ssl_channel_credentials(
            roots, shown.key if shown else None, shown.certificate if shown else None
        )
        return self.stack.enter_context(tcp_channel(address, credentials=credentials, retry_attempts=2))

    def as_neighbour(self, shown: Issued | None) -> grpc.Channel:
        return self.channel(self.addresses.tls, shown)

    def token(self, role: Role, municipality: str | None) -> tuple[tuple[str, str], ...]:
        tokens = LocalTokens(FileKeys(self.folder, SystemClock()), SystemClock())
        made = tokens.issue(Principal("p-1", municipality, frozenset({role})))
        return (("authorization", f"Bearer {made}"),)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    authority = Authority(datetime.now(UTC))
    now = datetime.now(UTC)
    own = authority.issue(["deliberation"], HOSTS, begin=now, end=now + DAY)
    (tmp_path / "tls").mkdir()
    certificate, key = own.write(tmp_path / "tls", "deliberation")
    ca = tmp_path / "tls" / "ca.pem"
    ca.write_bytes(authority.issued.certificate)
    settings = load_settings(
        ["deliberation"],
        {
            "BORGERTING_TLS__CA": str(ca),
            "BORGERTING_TLS__CERTIFICATE": str(certificate),
            "BORGERTING_TLS__KEY": str(key),
        },
        data_dir=tmp_path / "data", http_port=0, grpc_port=0, ops_port=0, tls_port=0, drain_seconds=2.0,
    )  # fmt: skip
    suite = Suite(settings, {"deliberation": DESCRIPTOR})
    with ExitStack() as stack:
        addresses = suite.start()
        stack.callback(suite.stop)
        files = CertificateFiles(ca, certificate, key)
        yield House(tmp_path / "data", addresses, authority, files, stack)


def listing(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...] = ()) -> str:
    """What anyone may ask who is let in: "" or CODE REASON."""
    return outcome(
        lambda: pb_grpc.MunicipalityServiceStub(channel).ListMunicipalities(
            pb.ListMunicipalitiesRequest(), metadata=metadata, timeout=10
        )
    )


def creating(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...] = ()) -> str:
    """What an operator alone may."""
    wanted = pb.CreateMunicipalityRequest(
        municipality_id="dragoer", municipality=pb.Municipality(display_name="Dragør")
    )
    return outcome(
        lambda: pb_grpc.MunicipalityServiceStub(channel).CreateMunicipality(
            wanted, metadata=metadata, timeout=10
        )
    )


def outcome(call: Callable[[], object]) -> str:
    try:
        call()
    except grpc.RpcError as error:
        refused = domain_error_from(error)
        return f"{error.code().name} {refused.reason}"
    return ""


NO_CONNECTION = "UNAVAILABLE NEIGHBOUR_UNAVAILABLE"


def test_a_neighbour_with_its_certificate(house: House) -> None:
    followup = house.as_neighbour(house.issued("followup"))
    assert listing(followup) == ""
    # It is known, and has no more rights than the use case gives to neighbours.
    assert creating(followup) == "PERMISSION_DENIED ROLE_REQUIRED"
    # A token tells for whom it calls: then that person's rights count.
    assert creating(followup, house.token(Role.OPERATOR, None)) == ""
    assert creating(followup, house.token(Role.MEMBER, "dragoer")) == "PERMISSION_DENIED ROLE_REQUIRED"
    # Health has no list.
    answer = health_pb2_grpc.HealthStub(followup).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_a_neighbour_that_is_not_on_the_list(house: House) -> None:
    volunteer = house.as_neighbour(house.issued("volunteer"))
    assert listing(volunteer) == "PERMISSION_DENIED NEIGHBOUR_NOT_ALLOWED"
    # Nor by bringing somebody's token.
    operator = house.token(Role.OPERATOR, None)
    assert listing(volunteer, operator) == "PERMISSION_DENIED NEIGHBOUR_NOT_ALLOWED"
    # Each gRPC service has a list of its own.
    links = link_grpc.SignInLinkServiceStub(house.as_neighbour(house.issued("followup")))
    assert (
        outcome(lambda: links.CreateSignInLink(link_pb.CreateSignInLinkRequest(), timeout=10))
        == "PERMISSION_DENIED NEIGHBOUR_NOT_ALLOWED"
    )


@pytest.mark.parametrize("services", [(), ("followup", "sortition"), ("",)])
def test_a_certificate_that_names_no_service_or_two(house: House, services: tuple[str, ...]) -> None:
    channel = house.as_neighbour(house.issued(*services))
    assert listing(channel) == "PERMISSION_DENIED CERTIFICATE_NAMES_NO_SERVICE"


def test_a_host_name_is_no_service(house: House) -> None:
    now = datetime.now(UTC)
    shown = house.authority.issue([], [f"{SERVICE_URI}followup", "followup"], begin=now, end=now + DAY)
    assert service_named_by(shown.certificate) is None
    assert listing(house.as_neighbour(shown)) == "PERMISSION_DENIED CERTIFICATE_NAMES_NO_SERVICE"


def test_no_certificate(house: House) -> None:
    assert listing(house.as_neighbour(None)) == NO_CONNECTION


def test_a_certificate_of_another_authority(house: House) -> None:
    now = datetime.now(UTC)
    # Of the same name, too.
    other = Authority(now).issue(["followup"], HOSTS, begin=now, end=now + DAY)
    assert listing(house.as_neighbour(other)) == NO_CONNECTION
    # And one that the neighbour signed itself with its own: it is no authority.
    own = house.issued("followup")
    assert x509.load_pem_x509_certificate(own.certificate).extensions.get_extension_for_class(
        x509.BasicConstraints
    ).value == x509.BasicConstraints(ca=False, path_length=None)


@pytest.mark.parametrize(("begin", "end"), [(-2 * DAY, -DAY), (DAY, 2 * DAY)])
def test_an_expired_certificate_and_one_for_later(house: House, begin: timedelta, end: timedelta) -> None:
    assert listing(house.as_neighbour(house.issued("followup", begin=begin, end=end))) == NO_CONNECTION


def test_a_certificate_without_its_key(house: House) -> None:
    stolen = Issued(house.issued("followup").certificate, house.issued("followup").key)
    assert listing(house.as_neighbour(stolen)) == NO_CONNECTION


def test_in_the_clear(house: House) -> None:
    for address in (house.addresses.tls, house.addresses.grpc):
        with tcp_channel(address, retry_attempts=2) as channel:
            assert listing(channel) == NO_CONNECTION


def test_integrators_come_by_token_over_tls(house: House) -> None:
    channel = house.channel(house.addresses.grpc, None)
    assert listing(channel) == ""
    assert creating(channel) == "UNAUTHENTICATED SIGN_IN_REQUIRED"
    assert creating(channel, house.token(Role.OPERATOR, None)) == ""
    # There a certificate is not asked for, and makes nobody a neighbour.
    shown = house.channel(house.addresses.grpc, house.issued("followup"))
    assert creating(shown) == "UNAUTHENTICATED SIGN_IN_REQUIRED"


def test_a_client_knows_the_server_too(house: House) -> None:
    ca = Authority(datetime.now(UTC)).issued.certificate
    assert listing(house.channel(house.addresses.tls, house.issued("followup"), ca)) == NO_CONNECTION
    assert listing(house.channel(house.addresses.grpc, None, ca)) == NO_CONNECTION


def shown_by(address: str) -> x509.Certificate:
    host, _, port = address.rpartition(":")
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())


def test_a_new_certificate_is_taken_over_without_a_restart(house: House) -> None:
    before = shown_by(house.addresses.grpc)
    fresh = house.issued("deliberation", end=90 * DAY)
    # Half of a pair is none: a renewal writes one file after the other.
    house.files.certificate.write_bytes(fresh.certificate)
    assert shown_by(house.addresses.grpc) == before
    assert listing(house.as_neighbour(house.issued("followup"))) == ""
    house.files.key.write_bytes(fresh.key)
    after = shown_by(house.addresses.grpc)
    assert after == x509.load_pem_x509_certificate(fresh.certificate)
    assert listing(house.as_neighbour(house.issued("followup"))) == ""


def test_a_new_authority_beside_the_old_and_then_alone(house: House) -> None:
    now = datetime.now(UTC)
    new = Authority(now)
    theirs = new.issue(["followup"], HOSTS, begin=now, end=now + DAY)
    assert listing(house.as_neighbour(theirs)) == NO_CONNECTION
    house.files.ca.write_bytes(house.authority.issued.certificate + new.issued.certificate)
    assert listing(house.as_neighbour(theirs)) == ""
    assert listing(house.as_neighbour(house.issued("followup"))) == ""
    house.files.ca.write_bytes(new.issued.certificate)
    assert listing(house.as_neighbour(house.issued("followup", end=2 * DAY))) == NO_CONNECTION
    assert listing(house.as_neighbour(theirs)) == ""


def test_a_caller_takes_over_its_new_certificate(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    certificate, key = house.issued("volunteer").write(tmp_path / "theirs", "own")
    files = CertificateFiles(house.files.ca, certificate, key)
    channel = neighbour_channel(house.addresses.tls, files, retry_attempts=2)
    with channel:
        stub = pb_grpc.MunicipalityServiceStub(channel)

        def ask() -> str:
            return outcome(lambda: stub.ListMunicipalities(pb.ListMunicipalitiesRequest(), timeout=10))

        assert ask() == "PERMISSION_DENIED NEIGHBOUR_NOT_ALLOWED"
        fresh = house.issued("followup")
        certificate.write_bytes(fresh.certificate)
        key.write_bytes(fresh.key)
        monkeypatch.setattr(neighbours, "LOOK_SECONDS", 0.0)
        assert ask() == ""


def test_an_old_channel_is_closed_once_no_call_can_be_left_on_it() -> None:
    made: list[Recorded] = []
    now = [0.0]

    class Recorded:
        closed = False

        def close(self) -> None:
            self.closed = True

    def connect() -> grpc.Channel:
        made.append(Recorded())
        return made[-1]  # type: ignore[return-value]  # nothing is called on it

    channel = RenewingChannel(connect, lambda: len(made) == 1, lambda: now[0])
    now[0] = neighbours.LOOK_SECONDS
    assert channel.current() is made[1]
    now[0] += neighbours.LINGER_SECONDS - 1
    assert channel.current() is made[1]
    assert not made[0].closed
    now[0] += neighbours.LOOK_SECONDS
    assert channel.current() is made[1]
    assert made[0].closed
    channel.close()
    assert made[1].closed


def test_a_metric_warns_before_it_expires(house: House) -> None:
    def left(which: str = "own") -> float:
        text = httpx.get(f"{house.addresses.ops}/metrics", trust_env=False).text
        name = f'borgerting_tls_certificate_seconds_left{{certificate="{which}"}} '
        [line] = [line for line in text.splitlines() if line.startswith(name)]
        return float(line.split()[1])

    assert 86_000 < left() <= 86_400
    assert left("authority") > 86_400
    house.files.certificate.write_bytes(house.issued("deliberation", end=timedelta(hours=1)).certificate)
    assert 3_500 < left() <= 3_600
    house.files.certificate.unlink()
    assert left() == -1


def test_what_the_settings_say_of_files_that_do_not_fit(house: House, tmp_path: Path) -> None:
    good = house.files
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    folder = tmp_path / "several"
    folder.mkdir()

    def pair(name: str, issued: Issued) -> CertificateFiles:
        return CertificateFiles(good.ca, *issued.write(folder, name))

    nameless, expired, other = (
        pair("nameless", house.issued()),
        pair("expired", house.issued("followup", begin=-2 * DAY, end=-DAY)),
        pair("other", house.issued("followup")),
    )
    assert file_problem(good) is None
    for files, words in (
        (CertificateFiles(empty, good.certificate, good.key), "BORGERTING_TLS__CA"),
        (CertificateFiles(good.ca, empty, good.key), "BORGERTING_TLS__CERTIFICATE"),
        (CertificateFiles(good.ca, good.certificate, empty), "BORGERTING_TLS__KEY"),
        (CertificateFiles(good.ca, good.certificate, good.certificate), "BORGERTING_TLS__KEY"),
        (CertificateFiles(good.ca, good.certificate, other.key), "is not the key of"),
        (nameless, "names no service"),
        (expired, "has expired"),
    ):
        problem = file_problem(files)
        assert problem is not None
        assert words in problem
        variables = {
            "BORGERTING_TLS__CA": str(files.ca),
            "BORGERTING_TLS__CERTIFICATE": str(files.certificate),
            "BORGERTING_TLS__KEY": str(files.key),
        }
        with pytest.raises(SettingsError) as caught:
            load_settings(["deliberation"], variables)
        assert problem in caught.value.problems


def test_a_folder_of_certificates_for_all(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "tls", ["sortition", "followup"], HOSTS, datetime.now(UTC))
    assert [file_problem(files) for files in made.values()] == [None, None]
    assert service_named_by(made["followup"].certificate.read_bytes()) == "followup"
    assert made["followup"].key.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "tls", ["sortition"], HOSTS, datetime.now(UTC))
    assert made["sortition"].expire_time() > datetime.now(UTC) + 364 * DAY
