"""Secrets as Kubernetes mounts and renews them: links that are turned, the files behind them deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from chassis.auth.keys import FILE_NAME, FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import FixedClock
from chassis.rpc.authority import Authority
from chassis.rpc.certificates import CertificateFiles, Renewed, file_problem
from chassis.secret_files import SecretFile
from tests.infrastructure.mounted import MountedSecret

NOW = datetime.now(UTC)
ANNA = Principal("anna", "dragoer", frozenset({Role.SECRETARIAT}))


def test_certificates(tmp_path: Path) -> None:
    authority = Authority(NOW)

    def pair(service: str) -> dict[str, bytes]:
        own = authority.issue([service], ["127.0.0.1"], begin=NOW, end=NOW + timedelta(days=1))
        return {"ca.crt": authority.issued.certificate, "tls.crt": own.certificate, "tls.key": own.key}

    first, second = pair("followup"), pair("followup")
    mounted = MountedSecret(tmp_path / "tls", first)
    files = CertificateFiles(*(mounted.folder / name for name in ("ca.crt", "tls.crt", "tls.key")))
    assert file_problem(files) is None
    renewed = Renewed(files, "a test")
    assert not renewed.changed()
    mounted.put(second)
    assert renewed.changed()
    assert renewed.current == (second["ca.crt"], second["tls.crt"], second["tls.key"])
    assert not renewed.changed()
    # What does not fit is not taken over, which is said once; and what fits after that is.
    with structlog.testing.capture_logs() as said:
        mounted.put({**first, "tls.key": second["tls.key"]})
        assert not renewed.changed()
        assert not renewed.changed()
        assert renewed.current[1] == second["tls.crt"]
        (mounted.folder / "..data").rename(mounted.folder / "..gone")
        assert not renewed.changed()
        assert not renewed.changed()
        (mounted.folder / "..gone").rename(mounted.folder / "..data")
        mounted.put(first)
        assert renewed.changed()
    warnings = [each["problem"] for each in said if each["log_level"] == "warning"]
    assert len(warnings) == 2
    assert "is not the key of" in warnings[0]
    assert warnings[1] == "FileNotFoundError"


def test_keys(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    operators = FileKeys(tmp_path / "copy", clock)

    def content() -> dict[str, bytes]:
        return {FILE_NAME: operators.path.read_bytes()}

    mounted = MountedSecret(tmp_path / "keys", content())
    tokens = LocalTokens(FileKeys(mounted.folder, clock, shared=True), clock)
    old = tokens.issue(ANNA)
    operators.rotate()
    mounted.put(content())
    new = tokens.issue(ANNA)
    assert tokens.verify(old) == tokens.verify(new) == ANNA
    operators.withdraw()
    mounted.put(content())
    assert tokens.verify(new) == ANNA
    with pytest.raises(Exception, match="TOKEN_INVALID"):
        tokens.verify(old)


def test_passwords(tmp_path: Path) -> None:
    mounted = MountedSecret(tmp_path / "password", {"password": b"first"})
    file = SecretFile(mounted.folder / "password")
    assert file.read() == ["first"]
    mounted.put({"password": b"first\nsecond\n"})
    assert file.read() == ["first", "second"]
    # Empty, or gone for a moment: what it held before.
    mounted.put({"password": b""})
    assert file.read() == ["first", "second"]
    (mounted.folder / "password").unlink()
    assert file.read() == ["first", "second"]
    with pytest.raises(FileNotFoundError):
        SecretFile(mounted.folder / "password").read()
