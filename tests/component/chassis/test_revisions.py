"""A revision says what it is, or nobody may migrate with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from chassis.app import descriptors
from chassis.migrations.revisions import stated_revisions
from chassis.migrations.state import script_of
from tests.infrastructure.revisions import Step, write_revisions

ONE = Step("pass", release="1.0.0")
TWO = Step("pass", release="1.1.0")


@pytest.mark.parametrize("service", sorted(descriptors()))
def test_every_revision_of_every_service_says_what_it_is(service: str) -> None:
    assert stated_revisions(script_of(descriptors()[service].migrations))


def test_an_expansion_keeps_and_a_contraction_raises_who_may_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [ONE, TWO, Step("pass", "contract", "1.2.0", "0002"), Step("pass", release="1.2.0")]
    package = write_revisions(tmp_path, monkeypatch, *steps)
    found = stated_revisions(script_of(package))
    assert [(one.revision, one.kind, one.release, one.compatible_from) for one in found] == [
        ("0001", "expand", "1.0.0", "0001"),
        ("0002", "expand", "1.1.0", "0001"),
        ("0003", "contract", "1.2.0", "0002"),
        ("0004", "expand", "1.2.0", "0002"),
    ]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("pass", "", "1.2.0"), "kind must be one of expand, contract, not ''"),
        (Step("pass", "expand", "next"), "release must be"),
        (Step("pass", "expand", "1.0.9"), "release 1.0.9 is before 1.1.0"),
        (Step("pass", "expand", "1.2.0", "0002"), "an expand revision leaves compatible_from as it is"),
        (Step("pass", "contract", "1.2.0"), "a contract revision says compatible_from"),
        (Step("pass", "contract", "1.2.0", "0003"), "an earlier revision, not '0003'"),
        # The release before is 1.1.0's only when the contraction comes with a later one.
        (Step("pass", "contract", "1.1.0", "0002"), "contract a release later"),
    ],
)
def test_one_that_says_it_wrongly_is_refused(
    step: Step, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_revisions(tmp_path, monkeypatch, ONE, TWO, step)
    with pytest.raises(RuntimeError, match="revision 0003") as refused:
        stated_revisions(script_of(package))
    assert words in str(refused.value)


def test_who_may_serve_never_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raised = Step("pass", "contract", "1.2.0", "0002")
    back = Step("pass", "contract", "1.3.0", "0001")
    package = write_revisions(tmp_path, monkeypatch, ONE, TWO, raised, back)
    with pytest.raises(RuntimeError, match="goes back from 0002 to 0001"):
        stated_revisions(script_of(package))


def test_revisions_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = write_revisions(tmp_path, monkeypatch, ONE, TWO)
    beside = (tmp_path / package / "versions" / "0002_step.py").read_text().replace("'0002'", "'0002b'")
    (tmp_path / package / "versions" / "0002_beside.py").write_text(beside)
    with pytest.raises(RuntimeError, match="one line"):
        stated_revisions(ScriptDirectory(str(tmp_path / package)))
