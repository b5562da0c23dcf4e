"""What the image carries is under licences that go with ours, and docs/licences.md says so."""

from __future__ import annotations

from email.message import Message
from typing import cast

import pytest

from deploy.supply import components, licences
from deploy.supply.components import Package, UnknownLicenceError, licence_of, packages


def metadata(*fields: tuple[str, str]) -> components.PackageMetadata:
    made = Message()
    for name, value in fields:
        made[name] = value
    return cast("components.PackageMetadata", made)


def test_every_package_is_under_an_allowed_licence_and_stands_on_the_page() -> None:
    found = packages()
    licences.check(found)
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(found), "run `make generate`"
    assert licences.main(["--check"]) == 0
    assert {"sqlalchemy", "scipy", "psycopg-binary", "dkfds"} <= {each.name for each in found}
    assert "colorama" not in {each.name for each in found}  # the lock's, for another system


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("BSD-3-Clause AND (AGPL-3.0-only OR LGPL-3.0-only)", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-3.0-or-later", False),
        ("SSPL-1.0", False),
        ("LicenseRef-Proprietary", False),
        ("Dual License", False),
        ("", False),
    ],
)
def test_which_may_be_in_it(expression: str, may: bool) -> None:
    assert licences.allowed(expression) is may


def test_one_that_may_not_be_in_it_is_named() -> None:
    with pytest.raises(licences.LicenceError, match=r"other: SSPL-1\.0$"):
        licences.check(
            [Package("pypi", "one", "1", "MIT", ""), Package("pypi", "other", "1", "SSPL-1.0", "")]
        )


def test_where_a_licence_is_said() -> None:
    mit, apache = (f"License :: OSI Approved :: {name} License" for name in ("MIT", "Apache Software"))
    for fields, licence in (
        ([("License-Expression", "ISC"), ("License", "MIT")], "ISC"),
        ([("License", "3-Clause BSD License")], "BSD-3-Clause"),
        ([("Classifier", apache), ("Classifier", "Typing :: Typed")], "Apache-2.0"),
    ):
        assert licence_of("some", metadata(*fields))[0] == licence
    for vague in (
        [],
        [("License", "Dual License"), ("Classifier", mit), ("Classifier", apache)],
        [("Classifier", "License :: OSI Approved :: BSD License")],
    ):
        with pytest.raises(UnknownLicenceError, match=r"^some: its metadata name no licence"):
            licence_of("some", metadata(*vague))


def test_nothing_is_read_by_hand_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(components.READ):
        monkeypatch.delitem(components.READ, name)
        with pytest.raises(UnknownLicenceError):
            packages()
        monkeypatch.undo()


def test_a_stale_page_is_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    without = packages()[1:]
    monkeypatch.setattr(licences, "packages", lambda: without)
    assert licences.main(["--check"]) == 1
    assert "make generate" in capsys.readouterr().err
