"""`lottery reveal`: the number is drawn; the folder of a commitment gets its outcome."""

from __future__ import annotations

import re
from pathlib import Path

from chassis.folders import write_into
from services.sortition.lottery import record
from services.sortition.lottery.record import RevealError
from services.sortition.spreadsheet.words import describe

from .commit import POOL
from .original import Original
from .outcome import outcome_files, outcome_lines
from .signing import read_signer
from .terminal import Exit, Refusal, Terminal


def run(
    terminal: Terminal, folder: Path, number: str | None, randomness: str | None, note: str, sign: Path | None
) -> None:
    """Writes record.json, panel.csv, remaining.csv and report.html into the folder, once."""
    words = terminal.words
    signer, findings = read_signer(sign)
    if findings:
        raise Refusal(Exit.BAD_INPUT, [describe(finding, words).line for finding in findings])
    if (number is None) == (randomness is None):
        raise Refusal(Exit.BAD_INPUT, [words("reveal.one_of")])
    if (folder / "record.json").exists():
        raise Refusal(Exit.BAD_INPUT, [words("reveal.already")])
    commitment = _read(terminal, folder, "commitment.json")
    audit = _read(terminal, folder, "audit.json")
    pool = _pool(terminal, folder)
    drawn = _whole_number(terminal, number) if number is not None else None
    try:
        revealed = record.reveal(commitment, audit, drawn=drawn, randomness=randomness, note=note)
        files = outcome_files(words.language, commitment, revealed, audit, pool)
    except RevealError as error:
        raise Refusal(Exit.BAD_INPUT, [words("reveal.refused", why=str(error))]) from error
    if signer is not None:
        files |= signer.sign("record.json", revealed)
    # The record comes last: while it is missing, nothing has been revealed.
    files["record.json"] = files.pop("record.json")
    try:
        write_into(folder, files)
        (folder / POOL).unlink()
    except OSError as error:
        raise Refusal(
            Exit.BAD_INPUT, [words("cli.cannot_write", path=str(folder), why=error.strerror or "")]
        ) from error
    terminal.result(*outcome_lines(words, revealed), words("draw.written", path=str(folder)))


def _read(terminal: Terminal, folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise Refusal(Exit.BAD_INPUT, [terminal.words("reveal.missing", name=name)]) from error


def _pool(terminal: Terminal, folder: Path) -> Original:
    try:
        return Original.from_json(_read(terminal, folder, POOL))
    except ValueError as error:
        raise Refusal(Exit.BAD_INPUT, [terminal.words("reveal.missing", name=POOL)]) from error


def _whole_number(terminal: Terminal, text: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII):
        raise Refusal(Exit.BAD_INPUT, [terminal.words("reveal.not_a_number", found=text[:20])])
    return int(text)
