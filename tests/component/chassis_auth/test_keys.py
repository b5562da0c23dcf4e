"""The key file: made once, its owner's only, rotated under the feet of who uses it."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.auth.key_gauges import key_gauges
from chassis.auth.keys import FILE_NAME, FileKeys, KeyFileError, Sealer
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import FixedClock
from chassis.errors import DomainError

CLOCK = FixedClock(datetime(2025, 6, 17, 15, 0, tzinfo=UTC))
SECRETARY = Principal("staff-7", "dragoer", frozenset({Role.SECRETARIAT}))


def test_the_file_is_made_once_and_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = FileKeys(folder, CLOCK)
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]
    again = FileKeys(folder, CLOCK)
    assert again.current("api") == first.current("api")
    assert first.current("api").key != first.current("csrf").key
    assert len(first.current("api").key) == 32


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    found: list[str] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        found.append(FileKeys(tmp_path, CLOCK).current("api").kid)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_another_processs_rotation_is_noticed(tmp_path: Path) -> None:
    serving, command = FileKeys(tmp_path, CLOCK), FileKeys(tmp_path, CLOCK)
    tokens = LocalTokens(serving, CLOCK)
    old = tokens.issue(SECRETARY)
    new_kid = command.rotate()
    assert serving.current("api").kid == new_kid
    assert tokens.verify(old) == SECRETARY
    assert stat.S_IMODE(serving.path.stat().st_mode) == 0o600
    second = tokens.issue(SECRETARY)
    command.rotate()
    assert tokens.verify(second) == SECRETARY
    with pytest.raises(DomainError, match="TOKEN_INVALID"):
        tokens.verify(old)
    assert len(json.loads(serving.path.read_text())["keys"]) == 2


def test_how_old_the_signing_key_is(tmp_path: Path) -> None:
    clock = FixedClock(CLOCK.now())
    keys = FileKeys(tmp_path, clock)
    made = clock.now()

    def left() -> float:
        [(_, _, samples)] = key_gauges(keys, clock.now())
        [(_, labels, seconds)] = samples
        assert labels == {}
        return seconds / 86400

    assert (keys.signing_since(), left()) == (made, 365)
    clock.instant += timedelta(days=400)
    assert left() == -35
    keys.rotate(timedelta(hours=1))  # announced, and does not sign yet
    assert left() == -35
    clock.instant += timedelta(hours=1)
    assert (keys.signing_since(), left()) == (clock.now(), 365)
    keys.path.write_text(keys.path.read_text().replace("sign_time", "signing"))
    text = re.sub(r'"create_time": "[^"]+"', '"create_time": "long ago"', keys.path.read_text())
    keys.path.write_text(text)
    [(_, _, samples)] = key_gauges(keys, clock.now())
    assert list(samples) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    keys = FileKeys(tmp_path, CLOCK)
    keys.path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keys.current("api")
    with pytest.raises(KeyFileError, match="chmod 600"):
        FileKeys(tmp_path, CLOCK)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"keys": []}', '{"keys": [{"kid": "a"}]}', '{"keys": 7}', "\x00"]
)
def test_a_file_that_is_no_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="no key file of ours"):
        FileKeys(tmp_path, CLOCK)


def test_a_short_secret_is_refused_and_never_told(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text('{"keys": [{"kid": "a", "secret": "c2VjcmV0", "create_time": "2025-01-01"}]}')
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        FileKeys(tmp_path, CLOCK)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_file_that_vanished_is_said(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path, CLOCK)
    keys.path.unlink()
    with pytest.raises(KeyFileError, match="is gone"):
        keys.current("api")


def test_an_open_umask_changes_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys = FileKeys(tmp_path, CLOCK)
    finally:
        os.umask(before)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


def test_sealed_secrets(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path, CLOCK)
    sealer = Sealer(keys, "links")
    sealed = sealer.seal(b"a link")
    assert b"a link" not in sealed
    assert sealer.open(sealed) == b"a link"
    assert sealer.seal(b"a link") != sealed
    assert Sealer(keys, "other").open(sealed) is None
    assert sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert sealer.open(b"") is None
    keys.rotate()
    assert sealer.open(sealed) == b"a link"
    keys.rotate()
    assert sealer.open(sealed) is None
