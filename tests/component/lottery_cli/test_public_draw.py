"""`commit`, `reveal`, `verify`, `explain`: a draw in public, and what a forger meets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .conftest import Case, Result, lottery, read, write


@pytest.fixture(scope="module")
def committed(drawn: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A commitment that tests copy before they reveal it."""
    out = tmp_path_factory.mktemp("public") / "draw"
    result = lottery(
        "commit", *drawn.options, "--out", out, "--panels", "100", "--sign", drawn.folder / "key.pem"
    )
    assert result.code == 0, result.text
    assert "Publish" in result.out
    return out


@pytest.fixture
def folder(committed: Path, tmp_path: Path) -> Path:
    shutil.copytree(committed, tmp_path / "draw")
    return tmp_path / "draw"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


BEFORE = {
    "commitment.json",
    "commitment.json.sig",
    "audit.json",
    "receipts.csv",
    "chances.csv",
    "panels.csv",
    "pool.json",
}


def test_a_commitment_has_all_but_number_and_outcome(folder: Path) -> None:
    assert names(folder) == BEFORE
    commitment = json.loads((folder / "commitment.json").read_bytes())
    assert not {"number", "outcome", "panel_counts"} & commitment.keys()
    assert len(commitment["panels"]) == 100
    seed = json.loads((folder / "audit.json").read_bytes())["seed"]
    assert len(seed) == 64
    assert seed not in (folder / "commitment.json").read_text()


def test_a_number_reveals_its_panel_once(folder: Path, drawn: Case) -> None:
    result = lottery(
        "reveal", folder, "--number", "037", "--note", "two dice", "--sign", drawn.folder / "key.pem"
    )
    assert result.code == 0, result.text
    assert names(folder) == BEFORE - {"pool.json"} | {
        "record.json",
        "record.json.sig",
        "panel.csv",
        "remaining.csv",
        "report.html",
    }
    panel = read(folder / "panel.csv")
    assert panel[0] == read(drawn.respondents)[0]
    assert sorted(row[0] for row in panel[1:]) == read(folder / "panels.csv")[37][1:]
    assert len(read(folder / "remaining.csv")) == 1 + 60 - 7
    again = lottery("reveal", folder, "--number", "38")
    assert again.code == 2
    assert "a draw has one number" in again.err
    record = folder / "record.json"
    full = lottery(
        "verify",
        record,
        "--audit",
        folder / "audit.json",
        "--commitment",
        folder / "commitment.json",
        "--key",
        drawn.folder / "public.pem",
    )
    assert full.code == 0, full.text
    for language, words in (("en", "7"), ("da", "7")):
        told = lottery("explain", folder, "--language", language)
        assert told.code == 0, told.text
        assert words in told.out


def test_a_published_text_gives_the_number_by_the_formula(folder: Path) -> None:
    import hashlib

    digest = json.loads((folder / "commitment.json").read_bytes())["digest"]
    expected = int.from_bytes(hashlib.sha256(f"{digest}\nlotto 5 8 13".encode()).digest(), "big") % 100
    assert lottery("reveal", folder, "--randomness", "lotto 5 8 13").code == 0
    record = json.loads((folder / "record.json").read_bytes())
    assert record["number"]["value"] == expected
    assert lottery("verify", folder / "record.json").code == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--number", "100"],
        ["--number", "-1"],
        ["--number", "4.5"],
        ["--number", "four"],
        ["--number", "٣"],
        ["--number", ""],
        ["--randomness", ""],
        [],
        ["--number", "1", "--randomness", "x"],
        ["--number", "1", "--sign", "/nowhere/key.pem"],
    ],
)
def test_what_names_no_panel_leaves_the_folder_as_it_was(folder: Path, options: list[str]) -> None:
    result = lottery("reveal", folder, *options)
    assert result.code == 2, result.text
    assert names(folder) == BEFORE


@pytest.mark.parametrize("name", ["commitment.json", "audit.json", "pool.json"])
def test_a_folder_with_a_changed_or_missing_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content.replace(b"n10", b"n11").replace(b"0", b"1", 1)[:-1])
    assert lottery("reveal", folder, "--number", "1").code == 2
    (folder / name).unlink()
    result = lottery("reveal", folder, "--number", "1")
    assert result.code == 2
    assert name in result.err
    assert "record.json" not in names(folder)


def verify(case: Case, record: Path, *more: str | Path) -> Result:
    return lottery("verify", record, *more)


def test_a_record_alone_holds_and_says_what_was_not_checked(drawn: Case) -> None:
    result = lottery("verify", drawn.folder / "out" / "record.json")
    assert result.code == 0
    assert "not checked" in result.out
    assert "quotas" in result.out
    assert "openssl pkeyutl" in result.out


def test_any_changed_byte_is_refused_with_its_part(drawn: Case, tmp_path: Path) -> None:
    content = (drawn.folder / "out" / "record.json").read_bytes()
    record = json.loads(content)
    other = next(i for i in record["panels"][0] if i not in record["outcome"])
    forged = content.replace(
        json.dumps(record["outcome"], separators=(",", ":")).encode(),
        json.dumps(sorted([other, *record["outcome"][1:]]), separators=(",", ":")).encode(),
    )
    assert forged != content
    (tmp_path / "record.json").write_bytes(forged)
    result = lottery("verify", tmp_path / "record.json")
    assert result.code == 1
    assert "outcome" in result.out
    assert "do not trust" in result.out


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\x89PNG", b'{"schema":"other"}'])
def test_what_is_no_record_ends_with_2(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "record.json").write_bytes(content)
    assert lottery("verify", tmp_path / "record.json").code == 2
    assert lottery("explain", tmp_path).code in (1, 2)


def test_a_missing_file_ends_with_2(drawn: Case, tmp_path: Path) -> None:
    result = lottery("verify", tmp_path / "record.json", "--audit", tmp_path / "audit.json")
    assert result.code == 2
    assert "record.json cannot be read" in result.err
    assert "audit.json cannot be read" in result.err
    assert lottery("explain", tmp_path).code == 2


def test_a_commitment_without_a_number_is_not_explained(folder: Path) -> None:
    result = lottery("explain", folder)
    assert result.code == 2
    assert "no number yet" in result.err


def test_keys_tell_the_municipality_from_a_forger(drawn: Case, tmp_path: Path) -> None:
    record = drawn.folder / "out" / "record.json"
    assert lottery("verify", record, "--key", drawn.folder / "public.pem").code == 0
    assert lottery("verify", record, "--key", drawn.folder / "other-public.pem").code == 1
    unsigned = tmp_path / "record.json"
    shutil.copy(record, unsigned)
    missing = lottery("verify", unsigned, "--key", drawn.folder / "public.pem")
    assert missing.code == 1
    assert "record.json.sig" in missing.out
    for wrong in (drawn.targets, drawn.folder / "key.pem", tmp_path / "none.pem"):
        assert lottery("verify", record, "--key", wrong).code == 2


def test_rerun_says_same_or_other(drawn: Case, tmp_path: Path) -> None:
    out = drawn.folder / "out"
    base = ["verify", str(out / "record.json"), "--audit", str(out / "audit.json"), "--rerun"]
    assert lottery(*base).code == 2
    same = lottery(*base, *drawn.options[:4])
    assert same.code == 0, same.text
    assert "same: solving again" in same.out
    rows = read(drawn.respondents)
    rows[1][3] = "old" if rows[1][3] != "old" else "young"
    other = write(tmp_path / "r.csv", rows)
    result = lottery(*base, "--respondents", other, "--targets", drawn.targets)
    assert result.code == 1
    assert "other:" in result.out


def test_rerun_reads_id_and_address_columns_from_the_audit_file(case: Case) -> None:
    rows = [[row[1], row[0], *row[2:]] for row in read(case.respondents)]
    rows[0][1] = "nr"
    write(case.respondents, rows)
    assert case.draw("out", "--id", "nr", "--address", "street,post").code == 0
    out = case.folder / "out"
    result = lottery(
        "verify", out / "record.json", "--audit", out / "audit.json", "--rerun", *case.options[:4]
    )
    assert result.code == 0, result.text
    assert "same: solving again" in result.out
