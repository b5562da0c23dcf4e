"""`lottery explain`: a draw in plain words, out of its own files."""

from __future__ import annotations

from pathlib import Path

from services.sortition.report.explain import explain
from services.sortition.report.summary import NotARecordError

from .terminal import Exit, Refusal, Terminal


def run(terminal: Terminal, folder: Path) -> None:
    """Prints the explanation of DIR/record.json; with DIR/audit.json beside it, what that proves as well."""
    words = terminal.words
    try:
        record = (folder / "record.json").read_bytes()
        audit = (folder / "audit.json").read_bytes() if (folder / "audit.json").exists() else None
    except OSError as error:
        unrevealed = (folder / "commitment.json").exists()
        raise Refusal(
            Exit.BAD_INPUT,
            [words("explain.not_revealed" if unrevealed else "explain.missing", path=str(folder))],
        ) from error
    try:
        text = explain(record, words.language, audit)
    except NotARecordError as error:
        raise Refusal(Exit.REFUSED, [words("explain.refused", why=str(error))]) from error
    terminal.result(text.rstrip("\n"))
