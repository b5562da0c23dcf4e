"""What stores hold of a municipality is said in full: whoever adds a table or a column says what it is."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table

from chassis.app import descriptors
from chassis.holdings import Holdings, Nature, of_service
from scripts import export_format

SERVICES = sorted(descriptors())
# Places in a log of events, and the revisions of the store.
OF_NO_MUNICIPALITY = {"log_marks", "store_revisions"}


def holdings_of(service: str) -> Holdings:
    found = descriptors()[service].holdings
    assert found is not None, f"{service}: a descriptor says by `holdings` what the store holds"
    return found()


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_and_column_has_a_nature_and_a_meaning(service: str) -> None:
    assert holdings_of(service).gaps() == [], f"say it in services/{service}/adapters/holdings.py"


@pytest.mark.parametrize("service", SERVICES)
def test_every_other_table_belongs_to_no_municipality(service: str) -> None:
    holdings = holdings_of(service)
    others = {table.name for table in holdings.metadata.sorted_tables} - {
        table.name for table in holdings.of_tenants()
    }
    assert others == OF_NO_MUNICIPALITY


@pytest.mark.parametrize("service", SERVICES)
def test_what_looks_like_a_secret_is_none_that_is_given(service: str) -> None:
    holdings = holdings_of(service)
    given = [
        f"{name}.{column}"
        for name, holding in holdings.tables.items()
        for column, field in holding.fields.items()
        if any(word in column for word in ("secret", "private_key", "seed", "password", "token"))
        and not isinstance(holdings.metadata.tables[name].c[column].type, Integer)
        and field.nature in (Nature.DATA, Nature.PERSONAL)
    ]
    # Whether a file is for the secretariat alone is no secret.
    assert set(given) <= {"draw_files.secret"}


def test_the_page_says_what_the_tables_are() -> None:
    page = export_format.HEAD + "\n".join(export_format._sections()) + "\n"
    assert export_format.PAGE.read_text(encoding="utf-8") == page, "run scripts/export_format.py"


def _toy(*columns: Column[object]) -> MetaData:
    metadata = MetaData()
    Table("things", metadata, Column("municipality_id", String(63), primary_key=True), *columns)
    return metadata


def test_what_is_forgotten_is_found() -> None:
    said = "things: Things.\n  municipality_id data whose\n"
    assert of_service(_toy(), said).gaps() == []
    assert of_service(_toy(Column("key", LargeBinary())), said).gaps() == ["things.key"]
    assert of_service(_toy(), said + "  gone data what was dropped").gaps() == ["things.gone"]
    assert of_service(_toy(), "").gaps() == ["things"]
    sealed = of_service(_toy(Column("seed", String())), said + "  seed sealed until it is out")
    assert sealed.gaps() == ["things: a seal"]
    with pytest.raises(ValueError, match="neither a table nor a column"):
        of_service(_toy(), said + "  key public what is no nature")
    with pytest.raises(ValueError, match="said twice"):
        of_service(_toy(), said + "  municipality_id data whose")
