"""The peer of benchmarks.signups: recorded statements of the portal as scripts of pgbench, and their runs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Binary, sql
from sqlalchemy import event

from chassis.db import Database
from services.volunteer.adapters import names
from tests.infrastructure.postgres import Urls, find_binaries

Statement = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Press:
    """One recorded sign-up: its statements, and what in them is its own. `slot`, `name` (the sign-up's) and
    `person` are resource names.
    """

    statements: Sequence[Statement]
    subject: str
    slot: str
    name: str
    person: str


@dataclass(frozen=True, slots=True)
class Scripts:
    """One per slot; `constants` are texts that pgbench would take variables for, by name."""

    paths: Sequence[Path]
    constants: Mapping[str, str]


@contextmanager
def recorded(database: Database) -> Iterator[list[Statement]]:
    """Every statement that the store is given meanwhile."""
    found: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, dict(parameters)))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def write_scripts(folder: Path, presses: Sequence[Press], slots: Sequence[str], clients: int) -> Scripts:
    """`presses`: one that got a place, one that got the queue. Each client of pgbench keeps in `turn…` whose
    turn it is at each slot, so that nobody presses twice for one.
    """
    folder.mkdir()
    constants: dict[str, str] = {}
    paths = []
    for number, slot in enumerate(slots):
        writer = _Writer(slot, constants)
        placed, queued = ([writer.write(press, *one) for one in press.statements] for press in presses)
        (locked,) = (at for at, text in enumerate(placed) if "FROM slots" in text and "FOR UPDATE" in text)
        if placed[: locked + 1] != queued[: locked + 1]:
            raise RuntimeError("the two presses differ before the slot is locked")
        lines = [
            f"\\set k :turn{number} * {clients} + :client_id",
            f"\\set turn{number} :turn{number} + 1",
            "BEGIN;",
            *placed[: locked + 1],
            "\\if :slot_confirmed < :slot_capacity",
            *placed[locked + 1 :],
            "\\else",
            *queued[locked + 1 :],
            "\\endif",
            "COMMIT;",
        ]
        paths.append(folder / f"slot{number}.sql")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Scripts(paths, constants)


class _Writer:
    """Statements as another press on `slot` would make them."""

    def __init__(self, slot: str, constants: dict[str, str]) -> None:
        _, self._task, self._slot = names.slot(slot)
        self._constants = constants

    def write(self, press: Press, statement: str, parameters: Mapping[str, Any]) -> str:
        parts = re.split(r"%\((\w+)\)s", statement)
        for at in range(1, len(parts), 2):
            parts[at] = self._value(press, parts[at], parameters[parts[at]])
        text = "".join(parts).replace("%%", "%")
        if "FOR UPDATE" in text and "FROM people" in text:
            return f"{text} \\gset person_"
        if "FOR UPDATE" in text and "FROM slots" in text:
            return f"{text} \\gset slot_"
        return f"{text};"

    def _value(self, press: Press, name: str, value: Any) -> str:
        _, task, slot, sign_up = names.sign_up(press.name)
        _, person = names.person(press.person)
        if value == press.subject:
            return "('volunteer-' || :k)"
        if value == press.name:
            parent = press.name.removesuffix(str(sign_up))
            return f"({self._literal(parent, task, slot)} || gen_random_uuid())"
        if name == "number":
            return "(:slot_last_number::integer + 1)"
        if isinstance(value, UUID):
            if value == person:
                return ":person_person_id"
            if value in (task, slot):
                return f"'{self._task if value == task else self._slot}'"
            return "gen_random_uuid()"
        return self._literal(value, task, slot)

    def _literal(self, value: Any, task: UUID, slot: UUID) -> str:
        if isinstance(value, Binary):
            payload = bytes(value.obj).replace(str(task).encode(), str(self._task).encode())
            return f"'\\x{payload.hex()}'::bytea"
        text = sql.Literal(value).as_string(None)
        text = text.replace(str(task), str(self._task)).replace(str(slot), str(self._slot))
        if re.search(r":[A-Za-z_]", text):
            # pgbench looks for variables in quoted texts too.
            plain = re.fullmatch(r" ?'(.*)'(::\w+)?", text, re.DOTALL)
            if plain is None or "\\" in plain[1]:
                raise RuntimeError(f"{text} cannot be handed to pgbench")
            content = plain[1].replace("''", "'")
            known = {constant: name for name, constant in self._constants.items()}
            name = known.get(content, f"constant{len(self._constants)}")
            self._constants[name] = content
            return f":{name}{plain[2] or ''}"
        return text


def pgbench(address: Urls, scripts: Scripts, clients: int, each: int, seed: int) -> float:
    """Transactions a second. Raises RuntimeError with pgbench's words when one fails."""
    variables = {f"turn{number}": "0" for number in range(len(scripts.paths))} | dict(scripts.constants)
    command = [
        _program(), "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--transactions={each}",
        f"--jobs={min(clients, os.cpu_count() or 1)}", f"--random-seed={seed + 1}",
        *(f"--file={path}" for path in scripts.paths),
        *(f"--define={name}={value}" for name, value in variables.items()),
        address.login,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    whole = f"transactions actually processed: {clients * each}/{clients * each}" in done.stdout
    if done.returncode or found is None or not whole:
        raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}{done.stdout[-1000:]}")
    return float(found[1])


def _program() -> str:
    program = find_binaries() / "pgbench"
    if not program.exists():
        raise RuntimeError("pgbench is not installed: apt-get install postgresql")
    return str(program)
