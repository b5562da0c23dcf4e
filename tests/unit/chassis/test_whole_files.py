"""Files that are there whole or not at all. They are real ones: what counts is what the system does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chassis.whole_files import create_file, replace_file


def test_a_file_is_made_once_and_no_second_writer_changes_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert create_file(path, b"first", 0o600)
    assert not create_file(path, b"second", 0o644)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"first", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_what_replaces_a_file_has_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    replace_file(path, b"first", 0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    replace_file(path, b"second", 0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"second", 0o640)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away takes root")
def test_what_replaces_a_file_has_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    replace_file(path, b"first", 0o640)
    os.chown(path, 1234, 4321)
    replace_file(path, b"second", 0o600)
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1234, 4321, 0o640)


def test_a_write_that_fails_leaves_the_file_before_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    replace_file(path, b"first", 0o600)

    def fail(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        replace_file(path, b"second", 0o600)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]
