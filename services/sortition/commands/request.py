"""What check, draw and commit are asked: read into a problem, or refused with every error at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chassis import folders
from services.sortition.lottery.problem import Problem
from services.sortition.spreadsheet.assemble import NOBODY, IdList, read_ids, to_problem
from services.sortition.spreadsheet.findings import File, Finding, Findings, Reason, quote
from services.sortition.spreadsheet.respondents import RespondentsTable, read_respondents
from services.sortition.spreadsheet.source import SourceInfo
from services.sortition.spreadsheet.targets import TargetsTable, read_targets
from services.sortition.spreadsheet.words import describe

from .terminal import Exit, Refusal, Terminal


def check_new(out: Path) -> tuple[Finding, ...]:
    """The finding if `out` is anything but a new or an empty folder."""
    code = folders.refused(out)
    return (Finding(Reason(code), File.REQUEST, found=quote(out.name)),) if code else ()


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given. `address` is a list of columns separated by commas."""

    respondents: Path
    targets: Path
    size: int
    address: str | None = None
    per_address: int | None = None
    id_column: str | None = None
    include: Path | None = None
    exclude: Path | None = None
    method: str = "leximin"
    panels: int = 1000
    sign: Path | None = None
    title: str = ""

    @property
    def address_columns(self) -> tuple[str, ...]:
        return column_names(self.address or "")

    @property
    def limit(self) -> int | None:
        """The most people per address: one when address columns are named and nothing else is said."""
        if not self.address_columns:
            return None
        return 1 if self.per_address is None else self.per_address


def column_names(text: str) -> tuple[str, ...]:
    """Headers separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True, slots=True)
class Loaded:
    """A request whose input is whole."""

    problem: Problem
    targets: TargetsTable
    respondents: RespondentsTable


def load(terminal: Terminal, request: Request, more: tuple[Finding, ...] = ()) -> Loaded | Findings:
    """Read every file, state what was recognised. `more` are findings about options, told with the rest."""
    targets = read_targets(request.targets)
    respondents = read_respondents(request.respondents, targets, request.id_column, request.address_columns)
    state(terminal, File.RESPONDENTS, respondents.info)
    state(terminal, File.TARGETS, targets.info)
    include = _ids(request.include, File.INCLUDE)
    exclude = _ids(request.exclude, File.EXCLUDE)
    problem = to_problem(targets, respondents, request.size, request.limit, include, exclude)
    findings = list(more)
    if request.per_address is not None and not request.address_columns:
        findings.append(Finding(Reason.PER_ADDRESS_WITHOUT_ADDRESS, File.REQUEST))
    if request.panels < 1:
        findings.append(
            Finding(Reason.PANELS_NOT_POSITIVE, File.REQUEST, sizes=(("panels", request.panels),))
        )
    if isinstance(problem, Findings):
        return Findings((*problem.items, *findings))
    if findings:
        return Findings(tuple(findings))
    return Loaded(problem, targets, respondents)


def load_or_refuse(terminal: Terminal, request: Request, more: tuple[Finding, ...] = ()) -> Loaded:
    """The same for commands whose result is not the findings: they go to stderr, with exit code 2."""
    loaded = load(terminal, request, more)
    if isinstance(loaded, Findings):
        raise Refusal(Exit.BAD_INPUT, lines_of(terminal, loaded))
    return loaded


def lines_of(terminal: Terminal, findings: Findings) -> list[str]:
    """Every finding on a line of its own, under a line that counts them."""
    words = terminal.words
    return [
        words("cli.bad_input", n=len(findings)),
        *(f"- {describe(finding, words).line}" for finding in findings),
    ]


def state(terminal: Terminal, file: File, info: SourceInfo | None) -> None:
    """Say on stderr as what a file was read."""
    if info is None:
        return
    words = terminal.words
    name = words(f"finding.file.{file.value}")
    if info.kind == "workbook":
        terminal.progress(words("cli.read.workbook", file=name, sheet=info.sheet, n=info.rows))
        return
    delimiter = words(f"cli.delimiter.{_DELIMITER_NAMES[info.delimiter]}")
    key = "cli.read.text.mark" if info.byte_order_mark else "cli.read.text"
    terminal.progress(words(key, file=name, encoding=info.encoding, delimiter=delimiter, n=info.rows))


_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def _ids(path: Path | None, file: File) -> IdList:
    return read_ids(path, file) if path is not None else NOBODY
