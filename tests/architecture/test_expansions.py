"""An expansion takes nothing away from the release that serves beside it (docs/adr/0008).

Each revision is run, and what the store was before is compared with what it is after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.app import descriptors
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.migrations import migrate
from chassis.migrations.revisions import EXPAND, Revision, stated_revisions
from chassis.migrations.state import script_of
from tests.infrastructure.postgres import Urls
from tests.infrastructure.revisions import write_revisions
from tests.infrastructure.schemas import Schema, read_schema, what_breaks
from tests.infrastructure.stores import KINDS

CHAINS = {name: stated_revisions(script_of(found.migrations)) for name, found in descriptors().items()}

FIRST = """\
op.create_table('things',
    sa.Column('municipality', sa.String(63), primary_key=True),
    sa.Column('id', sa.Integer(), primary_key=True),
    sa.Column('name', sa.String(80), nullable=False),
    sa.Column('text', sa.String(80), nullable=False),
    sa.Column('state', sa.String(15), nullable=False, server_default='NEW'),
    sa.Column('size', sa.Integer()),
    sa.Column('height', sa.Integer()),
    sa.Column('width', sa.Integer()),
    sa.UniqueConstraint('municipality', 'name', name='uq_things_name'))
op.create_index('ix_things_size', 'things', ['municipality', 'size'])
op.create_table('others', sa.Column('municipality', sa.String(63)), sa.Column('id', sa.Integer()))
isolate_tenants(op, 'things', 'others')"""

_CHANGE = "with op.batch_alter_table('things') as table:\n    table."

GROWS = (
    "op.add_column('things', sa.Column('colour', sa.Integer()))",
    "op.add_column('things', sa.Column('age', sa.Integer(), nullable=False, server_default='0'))",
    "op.create_table('new', sa.Column('municipality', sa.String(63)), sa.Column('id', sa.Integer()),"
    " sa.UniqueConstraint('id'))\nisolate_tenants(op, 'new')",
    "op.create_index('ix_new', 'things', ['municipality', 'state'])",
    "op.drop_index('ix_things_size', 'things')",
    f"{_CHANGE}alter_column('name', type_=sa.Text(), existing_nullable=False)",
    f"{_CHANGE}alter_column('size', type_=sa.BigInteger())",
    f"{_CHANGE}alter_column('text', nullable=True, existing_type=sa.String(80))",
)

SHRINKS = {
    "op.rename_table('others', 'rest')": "the table others is gone",
    "op.drop_table('rest')": "the table rest is gone",
    "op.drop_column('things', 'width')": "things.width is gone",
    "op.alter_column('things', 'height', new_column_name='depth')": "things.height is gone",
    "op.create_index('uq_new', 'things', ['municipality', 'depth'], unique=True)": (
        "things has a new demand: a unique municipality, depth"
    ),
    "op.drop_index('uq_new', 'things')": "things has no longer a unique municipality, depth",
    f"{_CHANGE}alter_column('size', nullable=False, existing_type=sa.Integer())": (
        "things.size may no longer be null"
    ),
    f"{_CHANGE}alter_column('state', server_default=None)": "things.state may no longer be left out",
    f"{_CHANGE}alter_column('text', type_=sa.String(40), existing_nullable=False)": (
        "things.text was VARCHAR(80), is VARCHAR(40)"
    ),
    f"{_CHANGE}drop_constraint('uq_things_name', type_='unique')": (
        "things has no longer a unique municipality, name"
    ),
    f"{_CHANGE}create_check_constraint('ck_things_size', 'size > 0')": (
        "things has a new demand: CHECK size > 0"
    ),
    f"{_CHANGE}create_foreign_key('fk', 'things', ['municipality', 'size'], ['municipality', 'id'])": (
        "things has a new demand: municipality, size in things (municipality, id)"
    ),
    "op.add_column('things', sa.Column('new', sa.Integer(), nullable=False))": (
        "things.new is new and may not be left out"
    ),
}

REFUSES = {
    "op.execute('REVOKE UPDATE ON things FROM {base}_app')": "no longer: things.size: {base}_app may UPDATE",
    "op.execute('ALTER POLICY tenant ON things USING (size > 0)')": "no longer: things: policy tenant for",
    "op.execute('CREATE POLICY fewer ON things AS RESTRICTIVE USING (size > 0)')": (
        "new: things: policy fewer for"
    ),
}


class Steps:
    """A store, and its schema at each revision of a package."""

    def __init__(self, database: Database, base: str) -> None:
        self._database = database
        self.base = base

    def at(self, package: str, revision: str) -> Schema:
        migrate(self._database, package, until=revision, nobody_serves=True)
        with self._database.reading("") as transaction:
            return read_schema(transaction.connection, self.base)


@pytest.fixture
def steps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Steps]]:
    opened: list[Database] = []

    def make(kind: str) -> Steps:
        url, base = f"sqlite:///{tmp_path}/store.sqlite3", ""
        if kind == "postgresql":
            urls: Urls = request.getfixturevalue("postgres").bare("toy")
            url, base = urls.owner, urls.base
        opened.append(Database(url, clock=SystemClock()))
        return Steps(opened[-1], base)

    yield make
    for database in opened:
        database.close()


def broken(steps: Steps, package: str, chain: list[Revision]) -> dict[str, list[str]]:
    """What each expansion of the chain takes away."""
    found, before = {}, steps.at(package, chain[0].revision)
    for one in chain[1:]:
        after = steps.at(package, one.revision)
        if one.kind == EXPAND and (breaks := what_breaks(before, after)):
            found[one.revision] = breaks
        before = after
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("service", sorted(CHAINS))
def test_no_expansion_of_a_service_takes_anything_away(
    kind: str, service: str, steps: Callable[[str], Steps]
) -> None:
    assert broken(steps(kind), descriptors()[service].migrations, CHAINS[service]) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_expansion_may_do(
    kind: str, steps: Callable[[str], Steps], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_revisions(tmp_path, monkeypatch, FIRST, *GROWS)
    assert broken(steps(kind), package, stated_revisions(script_of(package))) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_expansion_may_not_do(
    kind: str, steps: Callable[[str], Steps], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = steps(kind)
    refused = SHRINKS | (REFUSES if kind == "postgresql" else {})
    bodies = [body.format(base=store.base) for body in refused]
    package = write_revisions(tmp_path, monkeypatch, FIRST, *bodies)
    found = broken(store, package, stated_revisions(script_of(package)))
    for number, words in enumerate(refused.values(), start=2):
        told = found.get(f"{number:04}", [])
        assert any(each.startswith(words.format(base=store.base)) for each in told), (words, told)
