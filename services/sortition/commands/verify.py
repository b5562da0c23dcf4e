"""`lottery verify`: the one-file verifier, the signature, and if asked the whole lottery solved again."""

from __future__ import annotations

from pathlib import Path

from services.sortition.lottery.signing import KeyUnusableError
from services.sortition.report.verification import verify_files
from services.sortition.spreadsheet.findings import File, Finding, Reason, quote
from services.sortition.spreadsheet.words import describe

from .rerun import Again, solve_again
from .terminal import Exit, Refusal, Terminal

__all__ = ["Again", "run"]


def run(
    terminal: Terminal,
    record: Path,
    audit: Path | None,
    commitment: Path | None,
    key: Path | None,
    again: Again | None,
) -> None:
    """Prints what holds, what was not checked, what fails; ends with 0, 1 or 2."""
    words = terminal.words
    _refuse_unreadable(terminal, record, audit, commitment, key)
    try:
        report = verify_files(record, audit=audit, commitment=commitment, key=key)
    except KeyUnusableError as error:
        finding = Finding(Reason.PUBLIC_KEY_UNUSABLE, File.REQUEST, found=quote(key.name if key else ""))
        raise Refusal(Exit.BAD_INPUT, [describe(finding, words).line]) from error
    code, lines = Exit(report.exit_code), report.lines()
    if again is not None and audit is not None and code is Exit.OK:
        more, borne_out = solve_again(terminal, again, record.read_bytes(), audit.read_bytes())
        lines = [*lines[:-1], *more, lines[-1] if borne_out else words("verify.refused")]
        code = Exit.OK if borne_out else Exit.REFUSED
    if code is not Exit.OK:
        raise Refusal(code, lines, result=True)
    terminal.result(*lines)


def _refuse_unreadable(terminal: Terminal, *paths: Path | None) -> None:
    """All files that cannot be read, told together."""
    lines = []
    for path in paths:
        try:
            if path is not None:
                path.open("rb").close()
        except OSError as error:
            lines.append(terminal.words("verify.missing", path=str(path), why=error.strerror or ""))
    if lines:
        raise Refusal(Exit.BAD_INPUT, lines)
