"""An export has every row of its municipality and none of another, on both kinds of store."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from chassis.app import descriptors
from chassis.auth.principal import Principal, Role
from chassis.commands import command_line
from chassis.context import Caller
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.holdings import Holdings, Nature
from chassis.holdings.download import Downloads
from chassis.holdings.export import export
from chassis.tables import audit_log
from tests.infrastructure.holdings import contents, fill
from tests.infrastructure.stores import Stores, everything

HERE, THERE = "hjemby", "naboby"
SERVICES = sorted(descriptors())


def prepared(stores: Stores, service: str) -> tuple[Database, Holdings]:
    descriptor = descriptors()[service]
    assert descriptor.holdings is not None
    holdings = descriptor.holdings()
    database = stores.new(holdings.metadata, service, descriptor.migrations)
    with everything(database) as whole:
        for municipality in (HERE, THERE):
            fill(whole.connection, holdings, municipality, leave_out={"erasures"})
    return database, holdings


def exported(
    database: Database, service: str, holdings: Holdings
) -> tuple[dict[str, Any], Mapping[str, bytes]]:
    file = io.BytesIO()
    export(database, service, holdings, HERE, command_line(), file)
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        files = {name: packed.read(name) for name in packed.namelist()}
    return json.loads(files.pop("manifest.json")), files


def as_stored(value: Any, plain: Any) -> Any:
    """What the file has, as the store has it."""
    match value:
        case datetime():
            return datetime.fromisoformat(plain).astimezone(UTC)
        case date():
            return date.fromisoformat(plain)
        case UUID():
            return UUID(plain)
        case bytes():
            return base64.b64decode(plain)
        case _:
            return plain


@pytest.mark.parametrize("service", SERVICES)
def test_every_row_is_there_and_none_of_another(stores: Stores, service: str) -> None:
    database, holdings = prepared(stores, service)
    with everything(database) as whole:
        stored = contents(whole.connection, holdings, HERE)
    manifest, files = exported(database, service, holdings)
    assert files.keys() == {f"{name}.jsonl" for name in stored}
    assert {name for name, rows in stored.items() if not rows} == {"erasures"}
    for name, rows in stored.items():
        lines = [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()]
        assert len(lines) == len(rows)
        fields = holdings.tables[name].fields
        columns = [column.name for column in holdings.metadata.tables[name].columns]
        for line, row in zip(lines, rows, strict=True):
            values = dict(zip(columns, row, strict=True))
            assert line.keys() == {column for column in columns if fields[column].nature is not Nature.SECRET}
            for column, plain in line.items():
                sealed = fields[column].nature is Nature.SEALED and plain is None
                assert sealed or as_stored(values[column], plain) == values[column], f"{name}.{column}"
    assert not any(THERE.encode() in content for content in files.values())
    assert manifest["municipality"] == f"municipalities/{HERE}"
    assert manifest["service"] == service
    for each in manifest["files"]:
        content = files[each["name"]]
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
        assert (each["bytes"], each["rows"]) == (len(content), content.count(b"\n"))


def test_no_secret_leaves_and_a_seed_only_when_it_is_out(stores: Stores) -> None:
    database, holdings = prepared(stores, "sortition")
    manifest, files = exported(database, "sortition", holdings)
    everything_given = b"".join(files.values())
    for secret in (f"{HERE} private_key 0", f"{HERE} fingerprint 0", f"{HERE} response 0"):
        assert base64.b64encode(secret.encode()) not in everything_given
    assert f"{HERE} payload".encode() not in files["jobs.jsonl"]
    assert manifest["withheld"]["signing_keys"] == ["private_key"]
    draws = [json.loads(line) for line in files["draws.jsonl"].splitlines()]
    # The last one's number is not drawn yet.
    assert {each["number"]: each["seed"] for each in draws} == {
        0: f"{HERE} seed 0",
        1: f"{HERE} seed 1",
        None: None,
    }
    contents_given = {
        row["draw_id"]: row["content"] for row in map(json.loads, files["draw_files.jsonl"].splitlines())
    }
    assert [contents_given[each["draw_id"]] is None for each in draws] == [
        each["number"] is None for each in draws
    ]


def test_it_is_in_the_audit_trail(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup")
    with everything(database) as whole:
        rows = sum(map(len, contents(whole.connection, holdings, HERE).values()))
    exported(database, "followup", holdings)
    with everything(database) as whole:
        query = select(audit_log).where(audit_log.c.action == "municipality.export")
        (entry,) = whole.connection.execute(query).all()
    assert (entry.municipality, entry.resource, entry.subject) == (
        HERE,
        f"municipalities/{HERE}",
        "command-line",
    )
    assert int(entry.details["rows"]) == rows


def test_one_of_a_municipality_at_a_time(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup")
    downloads = Downloads("followup", database, holdings)
    here, there = (
        Caller(Principal("staff", each, frozenset({Role.SECRETARIAT})), "c" * 32, "en")
        for each in (HERE, THERE)
    )
    with downloads.alone(HERE):
        with pytest.raises(DomainError, match="EXPORT_UNDER_WAY") as refused:
            downloads.file(HERE, here)
        assert refused.value.code is Code.ABORTED
        downloads.file(THERE, there)[1].close()
    with pytest.raises(DomainError, match="ROLE_REQUIRED"):
        downloads.file(HERE, there)
    slug, file = downloads.file(HERE, here)
    with file, zipfile.ZipFile(file) as packed:
        assert (slug, packed.testzip()) == (HERE, None)


def test_one_that_fails_does_not_stand_in_the_way(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup")
    downloads = Downloads("followup", database, holdings)
    nobody = Caller(Principal("staff", "nowhere", frozenset({Role.SECRETARIAT})), "c" * 32, "en")
    for _ in range(2):
        with pytest.raises(DomainError, match="MUNICIPALITY_UNKNOWN"):
            downloads.file("nowhere", nobody)


def test_of_an_unknown_one_nothing_is_made(stores: Stores) -> None:
    descriptor = descriptors()["followup"]
    assert descriptor.holdings is not None
    holdings = descriptor.holdings()
    database = stores.new(holdings.metadata, "followup", descriptor.migrations)
    with pytest.raises(DomainError, match="MUNICIPALITY_UNKNOWN") as refused:
        export(database, "followup", holdings, HERE, command_line(), io.BytesIO())
    assert refused.value.code is Code.NOT_FOUND
    with everything(database) as whole:
        assert whole.connection.execute(select(audit_log)).all() == []
