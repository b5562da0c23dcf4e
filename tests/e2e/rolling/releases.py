"""The two releases to come after this one, as real programs: copies of it, changed as a developer would.

1. *expand*: `sign_ups.cancelled_by` of the volunteer portal gets the better name `ended_by`. The new column
   is added and filled, and the store keeps both alike while programs of both releases write. Deliberation
   counts in a new column how often it was told of a task. The code uses the new columns alone.
2. *contract*: the old column goes, and with it what kept both alike. The code is as before.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import chassis
from chassis.app import descriptors
from chassis.migrations.revisions import Revision, stated_revisions
from chassis.migrations.state import script_of

_ROOT = Path(chassis.__file__).parents[1]
_PACKAGES = ("chassis", "services", "demo", "gen")

_HEAD = """\
\"\"\"{title}\"\"\"

import sqlalchemy as sa
from alembic import op

from chassis.migrations import each_municipality

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
kind = "{kind}"
release = "{release}"
"""

_EXPAND_SIGN_UPS = '''

ALIKE = """
CREATE FUNCTION sign_ups_alike() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'INSERT' THEN
    IF NEW.ended_by = '' THEN NEW.ended_by := NEW.cancelled_by; ELSE NEW.cancelled_by := NEW.ended_by; END IF;
ELSIF NEW.ended_by IS DISTINCT FROM OLD.ended_by THEN NEW.cancelled_by := NEW.ended_by;
ELSE NEW.ended_by := NEW.cancelled_by;
END IF;
RETURN NEW; END $$
"""


def upgrade() -> None:
    op.add_column("sign_ups", sa.Column("ended_by", sa.String(15), nullable=False, server_default=""))
    op.alter_column("sign_ups", "cancelled_by", server_default="")
    op.execute(ALIKE)
    op.execute(
        "CREATE TRIGGER sign_ups_alike BEFORE INSERT OR UPDATE ON sign_ups "
        "FOR EACH ROW EXECUTE FUNCTION sign_ups_alike()"
    )
'''

_FILL_SIGN_UPS = """

def upgrade() -> None:
    for _ in each_municipality(op):
        op.execute("UPDATE sign_ups SET ended_by = cancelled_by WHERE ended_by <> cancelled_by")
"""

_CONTRACT_SIGN_UPS = """compatible_from = "{beside}"


def upgrade() -> None:
    op.execute("DROP TRIGGER sign_ups_alike ON sign_ups")
    op.execute("DROP FUNCTION sign_ups_alike()")
    op.drop_column("sign_ups", "cancelled_by")
"""

_EXPAND_TASKS = """

def upgrade() -> None:
    op.add_column("tasks", sa.Column("told", sa.Integer(), nullable=False, server_default="0"))
"""

_TABLES = "services/volunteer/adapters/tables.py"
_COPIES = "services/deliberation/adapters/tables.py"
_REPOSITORY = "services/deliberation/adapters/assembly_repository.py"
_CHANGES = (
    (
        _TABLES,
        'Column("cancelled_by", String(15), nullable=False)',
        'Column("ended_by", String(15), nullable=False, key="cancelled_by")',
    ),
    (
        _COPIES,
        '    Column("places", Integer(), nullable=False),\n',
        '    Column("places", Integer(), nullable=False),\n'
        '    Column("told", Integer(), nullable=False, server_default="0"),\n',
    ),
    (
        _REPOSITORY,
        "upsert(self.connection, tables.tasks).values(**keys, **values)",
        "upsert(self.connection, tables.tasks).values(**keys, **values, told=1)\n"
        "        values = {**values, 'told': tables.tasks.c.told + 1}",
    ),
)


def next_release(folder: Path) -> Path:
    """This release, expanded: a tree to run from. Raises LookupError when the code has moved on from what is
    changed here.
    """
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, folder / package)
    for file, found, put in _CHANGES:
        text = (folder / file).read_text(encoding="utf-8")
        if text.count(found) != 1:
            raise LookupError(f"{file} has no longer exactly one {found!r}: change {__file__}")
        (folder / file).write_text(text.replace(found, put), encoding="utf-8")
    newest = _revisions("volunteer")[-1]
    _add(folder, "volunteer", newest, 1, "expand", _EXPAND_SIGN_UPS)
    _add(folder, "volunteer", newest, 2, "expand", _FILL_SIGN_UPS)
    _add(folder, "deliberation", _revisions("deliberation")[-1], 1, "expand", _EXPAND_TASKS)
    return folder


def release_after(expanded: Path, folder: Path) -> Path:
    """What `next_release` made, contracted."""
    shutil.copytree(expanded, folder, dirs_exist_ok=True)
    newest = _revisions("volunteer")[-1]
    beside = f"{int(newest.revision) + 2:04}"
    _add(folder, "volunteer", newest, 3, "contract", _CONTRACT_SIGN_UPS.format(beside=beside))
    return folder


def _revisions(service: str) -> list[Revision]:
    return stated_revisions(script_of(descriptors()[service].migrations))


def _add(folder: Path, service: str, newest: Revision, number: int, kind: str, body: str) -> None:
    revision = int(newest.revision) + number
    major, minor, _ = newest.release.split(".")
    head = _HEAD.format(
        title=f"A release to come: {kind}.",
        revision=f"{revision:04}",
        before=f"{revision - 1:04}",
        kind=kind,
        release=f"{major}.{int(minor) + (2 if kind == 'contract' else 1)}.0",
    )
    path = folder / f"services/{service}/migrations/versions/{revision:04}_to_come.py"
    path.write_text(head + body, encoding="utf-8")
