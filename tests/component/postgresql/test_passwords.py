"""A login's password is changed under a store that works all the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chassis.clock import SystemClock
from chassis.config import SettingsError, load_settings
from chassis.db import Database
from chassis.errors import DomainError
from tests.infrastructure.postgres import PASSWORD, PostgresServer, Urls
from tests.infrastructure.stores import TOY


@pytest.fixture
def urls(postgres: PostgresServer) -> Iterator[Urls]:
    made = postgres.clone(postgres.prepare("rotated", TOY))
    yield made
    set_password(made, PASSWORD)
    postgres.drop(made)


def set_password(urls: Urls, password: str) -> None:
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE \"{urls.base}\" PASSWORD '{password}'")


def address(urls: Urls, file: Path, more: str = "") -> str:
    return urls.login.replace(f":{PASSWORD}@", "@") + f"?password_file={file}{more}"


def test_no_call_fails_while_the_password_is_changed(urls: Urls, tmp_path: Path) -> None:
    """With no connection kept, so that each unit of work signs in."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    stop = threading.Event()
    calls, failures = [0, 0], list[Exception]()

    def work(number: int) -> None:
        database = Database(address(urls, file), clock=SystemClock())
        while not stop.is_set():
            try:
                with database.writing("hjemby", concurrent=True) as transaction:
                    transaction.connection.exec_driver_sql("SELECT 1")
            except DomainError as error:
                failures.append(error)
            calls[number] += 1
            database.close()  # the next has to connect

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()

    def some_calls() -> None:
        before = list(calls)
        while not failures and any(now < then + 3 for now, then in zip(calls, before, strict=True)):
            stop.wait(0.01)

    some_calls()
    for step in range(2):
        old, new = (PASSWORD, "second") if step == 0 else ("second", "third")
        file.write_text(f"{old}\n{new}\n")
        some_calls()
        set_password(urls, new)
        some_calls()
        file.write_text(f"{new}\n")
        some_calls()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(calls) >= 18


def test_a_wrong_password_or_file_is_an_absence_and_no_text_says_it(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "password"
    for content in ("wrong\nworse\n", ""):
        file.write_text(content)
        database = Database(address(urls, file), clock=SystemClock())
        with pytest.raises(DomainError) as away, database.reading("hjemby"):
            pass
        database.close()
        assert away.value.reason == "STORE_AWAY"
        assert "wrong" not in str(away.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:secret@db/mine?password_file={file}", "do not go together"),
        ("postgresql://me@db/mine?password_file={file}.not", "No such file"),
        ("postgresql://me@db/mine?password_file={empty}", "1 to 4 lines"),
    ],
)
def test_check_config_says_what_is_wrong(tmp_path: Path, url: str, says: str) -> None:
    (tmp_path / "file").write_text("secret")
    (tmp_path / "empty").write_text("")
    where = url.format(file=tmp_path / "file", empty=tmp_path / "empty")
    with pytest.raises(SettingsError) as refused:
        load_settings(["sortition"], {"BORGERTING_SORTITION__DATABASE_URL": where})
    (problem,) = refused.value.problems
    assert says in problem
    assert "secret" not in problem
