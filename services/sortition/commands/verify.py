"""`lottery verify`: the one-file verifier, the signature, and if asked the whole lottery solved again."""

from __future__ import annotations

from pathlib import Path

from services.sortition.lottery import signing, verifier
from services.sortition.spreadsheet.findings import File, Finding, Reason, quote
from services.sortition.spreadsheet.words import describe

from .rerun import Again, compare
from .terminal import Exit, Refusal, Terminal


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
    content, audited, committed, public = _read_all(terminal, record, audit, commitment, key)
    report = verifier.verify(content, audited, committed)
    if not report.unreadable:
        if public is None:
            report.unchecked.append(words("verify.signature.open", command=verifier.openssl(record.name)))
        else:
            _check_signature(terminal, report, record, content, public, required=True)
            if commitment is not None and committed is not None:
                _check_signature(terminal, report, commitment, committed, public, required=False)
    code, lines = Exit(report.exit_code), report.lines()
    if again is not None and audited is not None and code is Exit.OK:
        more, borne_out = compare(terminal, again, content, audited)
        lines = [*lines[:-1], *more, lines[-1] if borne_out else words("verify.refused")]
        code = Exit.OK if borne_out else Exit.REFUSED
    if code is not Exit.OK:
        raise Refusal(code, lines, result=True)
    terminal.result(*lines)


def _read_all(
    terminal: Terminal, record: Path, *others: Path | None
) -> tuple[bytes, bytes | None, bytes | None, bytes | None]:
    """All files, or a refusal that names every one that cannot be read."""
    contents: list[bytes | None] = []
    lines = []
    for path in (record, *others):
        try:
            contents.append(path.read_bytes() if path is not None else None)
        except OSError as error:
            lines.append(terminal.words("verify.missing", path=str(path), why=error.strerror or ""))
    if lines:
        raise Refusal(Exit.BAD_INPUT, lines)
    content, audit, commitment, key = contents
    return content or b"", audit, commitment, key


def _check_signature(
    terminal: Terminal, report: verifier.Report, path: Path, content: bytes, public: bytes, *, required: bool
) -> None:
    """The signature lies beside what it signs; only the record's own must be there."""
    words = terminal.words
    beside = path.with_name(path.name + signing.SUFFIX)
    try:
        signature = beside.read_bytes() if beside.exists() else None
        genuine = signing.verify(content, signature or b"", public)
    except OSError as error:
        raise Refusal(
            Exit.BAD_INPUT, [words("verify.missing", path=str(beside), why=error.strerror or "")]
        ) from error
    except signing.KeyUnusableError as error:
        finding = Finding(Reason.PUBLIC_KEY_UNUSABLE, File.REQUEST, found=quote("--key"))
        raise Refusal(Exit.BAD_INPUT, [describe(finding, words).line]) from error
    if genuine:
        report.holds.append(words("verify.signature.holds", name=path.name))
    elif signature is not None:
        report.refused.append(words("verify.signature.refused", signature=beside.name, name=path.name))
    elif required:
        report.refused.append(words("verify.signature.missing", signature=beside.name, name=path.name))


__all__ = ["Again", "run"]
