"""Keys that all processes share: a folder of their own, rotated while sessions go on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from chassis import cli
from chassis.auth.keys import FILE_NAME, FileKeys, KeyFileError
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import Sessions
from chassis.clock import FixedClock
from chassis.config import load_settings
from chassis.suite import Suite
from services.deliberation.service import DESCRIPTOR

NOW = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)
ANNA = Principal("anna", "dragoer", frozenset({Role.SECRETARIAT}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    FileKeys(made, FixedClock(NOW))
    return made


def test_two_processes_read_one_anothers_sessions(folder: Path) -> None:
    clock = FixedClock(NOW)
    first, second = (Sessions(FileKeys(folder, clock, shared=True), clock) for _ in range(2))
    session = second.read(first.issue(ANNA))
    assert session is not None
    assert session.principal == ANNA


def test_a_rotation_signs_nobody_out_even_where_it_is_seen_late(folder: Path, tmp_path: Path) -> None:
    """A mounted secret reaches one process before the other."""
    clock = FixedClock(NOW)
    late = tmp_path / "late"
    late.mkdir(mode=0o700)
    (late / FILE_NAME).touch(mode=0o600)
    (late / FILE_NAME).write_bytes((folder / FILE_NAME).read_bytes())
    early_keys, late_keys = (FileKeys(place, clock, shared=True) for place in (folder, late))
    early, other = Sessions(early_keys, clock), Sessions(late_keys, clock)
    before = early.issue(ANNA)
    new = early_keys.rotate(timedelta(minutes=10))
    assert early_keys.current("x").kid != new
    assert other.read(early.issue(ANNA)) is not None
    clock.instant = NOW + timedelta(minutes=5)
    (late / FILE_NAME).write_bytes((folder / FILE_NAME).read_bytes())
    clock.instant = NOW + timedelta(minutes=10)
    assert early_keys.current("x").kid == late_keys.current("x").kid == new
    assert other.read(early.issue(ANNA)) is not None
    assert early.read(before) is not None
    assert other.read(before) is not None


def test_no_rotation_drops_what_signs_now(folder: Path) -> None:
    clock = FixedClock(NOW)
    keys = FileKeys(folder, clock, shared=True)
    keys.rotate(timedelta(minutes=10))
    with pytest.raises(KeyFileError, match="yet to sign"):
        keys.rotate(timedelta(minutes=10))
    clock.instant = NOW + timedelta(minutes=10)
    keys.rotate()


def test_a_shared_folder_is_never_filled_by_a_process(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="borgerting keys create"):
        FileKeys(tmp_path, FixedClock(NOW), shared=True)
    settings = load_settings(
        ["deliberation"], {"BORGERTING_KEYS__DIR": str(tmp_path)}, data_dir=tmp_path / "data",
        http_port=0, grpc_port=0, ops_port=0,
    )  # fmt: skip
    suite = Suite(settings, {"deliberation": DESCRIPTOR})
    with pytest.raises(KeyFileError):
        suite.start()
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize(
    ("mode", "taken"), [(0o600, True), (0o440, True), (0o640, True), (0o660, False), (0o644, False)]
)
def test_its_group_may_read_it_and_nobody_else_may(folder: Path, mode: int, taken: bool) -> None:
    (folder / FILE_NAME).chmod(mode)
    if taken:
        FileKeys(folder, FixedClock(NOW), shared=True)
        return
    with pytest.raises(KeyFileError, match="others may read"):
        FileKeys(folder, FixedClock(NOW), shared=True)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "keys"
    assert cli.run(["keys", "create", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / FILE_NAME)
    first = json.loads((folder / FILE_NAME).read_text())["keys"]
    assert cli.run(["keys", "create", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert cli.run(["keys", "rotate", str(folder)]) == 0
    new = capsys.readouterr().out.strip()
    entries = json.loads((folder / FILE_NAME).read_text())["keys"]
    assert [entry["kid"] for entry in entries] == [new, first[0]["kid"]]
    assert cli.run(["keys", "rotate", str(folder)]) == 1
    refused = capsys.readouterr()
    assert "yet to sign" in refused.err
    assert cli.run(["keys", "rotate", str(tmp_path)]) == 1
    for secret in (entry["secret"] for entry in entries):
        assert secret not in refused.err + refused.out


def test_a_withdrawn_key_is_known_no_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FixedClock(NOW)
    keys = FileKeys(folder, clock, shared=True)
    sessions = Sessions(keys, clock)
    with pytest.raises(KeyFileError, match=r"no key from before$"):
        keys.withdraw()
    before = sessions.issue(ANNA)
    keys.rotate(timedelta(minutes=10))
    # What signs now stays, though there is a newer one.
    with pytest.raises(KeyFileError, match="the new one has still to sign"):
        keys.withdraw()
    assert sessions.read(before) is not None
    clock.instant = NOW + timedelta(minutes=10)
    after = sessions.issue(ANNA)
    assert sessions.read(before) is not None
    assert cli.run(["keys", "withdraw", str(folder)]) == 0
    assert capsys.readouterr().out == "1 withdrawn\n"
    assert sessions.read(before) is None
    assert sessions.read(after) is not None
    assert cli.run(["keys", "withdraw", str(folder)]) == 1


def test_certificates_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tls"
    assert cli.run(["tls", "create", str(folder), "--host", "10.1.2.3", "--days", "3"]) == 0
    made = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {"sortition.pem", "deliberation.pem"} <= {path.name for path in made}
    own = folder / "sortition.pem"
    load_settings(
        ["sortition"],
        {
            "BORGERTING_TLS__CA": str(folder / "ca.pem"),
            "BORGERTING_TLS__CERTIFICATE": str(own),
            "BORGERTING_TLS__KEY": str(own.with_suffix(".key")),
        },
    )
    assert cli.run(["tls", "create", str(folder)]) == 1
    assert "ca.pem" in capsys.readouterr().err


def test_renewals_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tls"

    def tls(command: str, *more: str) -> tuple[int, str]:
        code = cli.run(["tls", command, str(folder), *more])
        return code, capsys.readouterr().err

    def own() -> x509.Certificate:
        return x509.load_pem_x509_certificate((folder / "sortition.pem").read_bytes())

    code, said = tls("renew")
    assert (code, "borgerting tls create" in said) == (1, True)
    assert tls("create", "--host", "10.1.2.3")[0] == 0
    code, said = tls("renew")  # its authority's key was thrown away
    assert (code, "borgerting tls add-authority" in said) == (1, True)
    code, said = tls("withdraw-authority")
    assert (code, "one authority only" in said) == (1, True)
    assert tls("add-authority", "--days", "30") == (0, "")
    code, said = tls("add-authority")
    assert (code, "end that change first" in said) == (1, True)
    code, said = tls("withdraw-authority")
    assert (code, "borgerting tls renew" in said) == (1, True)
    before = own()
    assert tls("renew", "--days", "60") == (0, "")
    after = own()
    assert after.public_key() != before.public_key()
    names = [
        one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value for one in (before, after)
    ]
    assert names[0] == names[1]
    # Not longer than its authority.
    assert after.not_valid_after_utc < datetime.now(UTC) + timedelta(days=31)
    assert tls("withdraw-authority") == (0, "")
    assert tls("renew") == (0, "")
    assert {path.name for path in folder.iterdir() if path.stat().st_mode & 0o077 == 0} == {
        path.name for path in folder.glob("*.key")
    }
    (folder / "followup.pem").write_text("nothing")
    code, said = tls("renew")
    assert (code, "followup.pem holds no certificate" in said) == (1, True)
