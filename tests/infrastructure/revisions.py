"""Packages of migrations that tests write: what each revision does, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Step:
    """The body of a revision's `upgrade`, and what the revision says; `compatible_from` is for a contract."""

    body: str
    kind: str = "expand"
    release: str = "0.1.0"
    compatible_from: str | None = None
    statement_seconds: int | None = None


def revision_text(number: int, step: Step) -> str:
    before = repr(f"{number - 1:04}") if number > 1 else "None"
    stated = "".join(
        f"{name} = {value!r}\n"
        for name in ("compatible_from", "statement_seconds")
        if (value := getattr(step, name)) is not None
    )
    lines = "\n".join(f"    {line}" for line in step.body.splitlines())
    return (
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        "from chassis.migrations import each_municipality, isolate_tenants\n"
        f"revision = '{number:04}'\ndown_revision = {before}\n"
        f"kind = {step.kind!r}\nrelease = {step.release!r}\n{stated}"
        f"def upgrade():\n{lines}\n"
    )


def write_revisions(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *steps: Step | str, package: str = "moving"
) -> str:
    """A package of migrations of that name, which can be imported: 0001, 0002, … with these steps."""
    versions = folder / package / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (folder / package / "__init__.py").touch()
    for number, each in enumerate(steps, start=1):
        step = Step(each) if isinstance(each, str) else each
        (versions / f"{number:04}_step.py").write_text(revision_text(number, step))
    monkeypatch.syspath_prepend(folder)
    return package
