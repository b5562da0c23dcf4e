"""The peer of benchmarks.signups: recorded statements of the portal as a script of pgbench, and its runs."""

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

from psycopg import Binary, Cursor, sql
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


@contextmanager
def recorded(database: Database) -> Iterator[list[Statement]]:
    """Every statement that the driver is given meanwhile."""
    found: list[Statement] = []

    class Recording(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            found.append((query, dict(params or {})))
            return super().execute(query, params, **options)

    def with_recording(connection: Any, _record: Any) -> None:
        connection.cursor_factory = Recording

    database.engine.dispose()
    event.listen(database.engine, "connect", with_recording)
    try:
        yield found
    finally:
        event.remove(database.engine, "connect", with_recording)
        database.engine.dispose()


def write_script(path: Path, presses: Sequence[Press], slots: Sequence[str], clients: int) -> None:
    """`presses`: one that got a place, one that got the queue. One script for all slots, so that each client
    prepares a statement once and comes to plans that it keeps, as the portal's connections do. It keeps in
    `turn…` whose turn it is at each slot, so that nobody presses twice for one.
    """
    writer = _Writer(slots)
    placed, queued = ([writer.write(press, *one) for one in press.statements] for press in presses)
    (locked,) = (at for at, text in enumerate(placed) if "FROM slots" in text and "FOR UPDATE" in text)
    if placed[: locked + 1] != queued[: locked + 1]:
        raise RuntimeError("the two presses differ before the slot is locked")
    lines = [f"\\set slot random(0, {len(slots) - 1})"]
    for number in range(len(slots)):
        lines += [
            f"\\{'elif' if number else 'if'} :slot = {number}",
            f"\\set k :turn{number} * {clients} + :client_id",
            f"\\set turn{number} :turn{number} + 1",
        ]
    lines += [
        "\\endif",
        "BEGIN;",
        *placed[: locked + 1],
        "\\if :slot_confirmed < :slot_capacity",
        *placed[locked + 1 :],
        "\\else",
        *queued[locked + 1 :],
        "\\endif",
        "COMMIT;",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


class _Writer:
    """Statements as another press, on the one of `slots` whose turn it is, would make them."""

    def __init__(self, slots: Sequence[str]) -> None:
        self._slots = [names.slot(slot)[1:] for slot in slots]

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
            if value not in (task, slot):
                return "gen_random_uuid()"
        return self._literal(value, task, slot)

    def _literal(self, value: Any, task: UUID, slot: UUID) -> str:
        """A constant, also where it names the slot: then it is picked from an array of constants."""
        variants = [_constant(value, {task: own_task, slot: own}) for own_task, own in self._slots]
        if len(set(variants)) == 1:
            return variants[0]
        return f"(ARRAY[{', '.join(variants)}])[:slot + 1]"


def _constant(value: Any, instead: Mapping[UUID, UUID]) -> str:
    if isinstance(value, UUID):
        return f"'{instead.get(value, value)}'::uuid"
    if isinstance(value, Binary):
        payload = bytes(value.obj)
        for theirs, own in instead.items():
            payload = payload.replace(str(theirs).encode(), str(own).encode())
        return f"'\\x{payload.hex()}'::bytea"
    text = sql.Literal(value).as_string(None)
    for theirs, own in instead.items():
        text = text.replace(str(theirs), str(own))
    if re.search(_VARIABLE, text):
        # pgbench looks for variables in quoted texts too; the planner puts the parts together.
        found = re.fullmatch(r" ?('.*')(::\w+)?", text, re.DOTALL)
        if found is None or "\\" in found[1]:
            raise RuntimeError(f"{text} cannot be handed to pgbench")
        parts = re.sub(_VARIABLE, ":' || '", found[1])
        return f"({parts}){found[2] or ''}"
    return text


_VARIABLE = r":(?=[A-Za-z_])"


def pgbench(address: Urls, script: Path, slots: int, clients: int, each: int, seed: int) -> list[list[float]]:
    """When each client's transactions ended, in seconds. Raises RuntimeError with pgbench's words when one
    fails.
    """
    log = script.with_suffix(".log")
    command = [
        _program(), "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--transactions={each}",
        f"--jobs={min(clients, os.cpu_count() or 1)}", f"--random-seed={seed + 1}",
        "--log", f"--log-prefix={log}", f"--file={script}",
        *(f"--define=turn{number}=0" for number in range(slots)),
        address.login,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}{done.stdout[-1000:]}")
    ended: list[list[float]] = [[] for _ in range(clients)]
    for path in log.parent.glob(f"{log.name}.*"):
        for line in path.read_text(encoding="ascii").splitlines():
            client, _, _, _, seconds, microseconds, *_ = line.split()
            ended[int(client)].append(int(seconds) + int(microseconds) / 1e6)
    if any(len(times) != each for times in ended):
        raise RuntimeError(f"pgbench did not end all its transactions:\n{done.stdout[-1000:]}")
    return ended


def _program() -> str:
    program = find_binaries() / "pgbench"
    if not program.exists():
        raise RuntimeError("pgbench is not installed: apt-get install postgresql")
    return str(program)
