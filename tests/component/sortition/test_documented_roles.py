"""The roles in docs/ are the roles of the program."""

from __future__ import annotations

from pathlib import Path

from tests.unit.sortition.test_authorisation import ROLES, TABLE


def test_the_page_for_people_has_the_same_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sortition-roles.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if "|" in line]
    documented = {
        row[0]: {role for role, cell in zip(ROLES, row[1:], strict=True) if cell}
        for row in rows
        if row[0].replace("_", "").isalpha() and row[0] != "act"
    }
    assert documented == {
        use_case.__name__: allowed & set(ROLES) for use_case, (allowed, _, _) in TABLE.items()
    }
