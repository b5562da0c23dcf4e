"""What people write about a promise, held to its limits: every fault at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from chassis.errors import Code, DomainError, FieldViolation
from chassis.writing import is_unprintable
from services.followup.domain.checkpoint import Decision

MAX_REASON = 4000
MAX_ACTIONS = 4000
MAX_OFFICE = 120
MAX_EVIDENCE = 20
MAX_URI = 2000
MAX_EXTENSION_REASON = 2000
MAX_WANTED = 1000
MAX_TASK = 1000
MAX_PORT = 65_535
# Scheme, host (a name or [an IPv6 address]), port, and the rest without spaces or backslashes (RFC 3986).
_ADDRESS = re.compile(
    r"https?://(?:\[[0-9a-f:.]+\]|\w[\w.-]*)(?::(?P<port>[0-9]{1,5}))?(?:[/?#][^\s\\]*)?", re.IGNORECASE
)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class AnswerFields:
    """As it was typed or sent; `decision` None when it was not chosen."""

    decision: Decision | None = None
    reason: str = ""
    committee: str = ""
    office: str = ""
    actions: str = ""
    evidence_uris: tuple[str, ...] = ()

    def checked(self) -> tuple[AnswerFields, Decision]:
        """Trimmed. Raises DomainError INVALID_ARGUMENT ANSWER_INVALID with every wrong field."""
        trimmed = replace(
            self,
            reason=_tidy(self.reason),
            committee=_tidy(self.committee),
            office=_tidy(self.office),
            actions=_tidy(self.actions),
            evidence_uris=tuple(uri.strip() for uri in self.evidence_uris),
        )
        wrong: list[FieldViolation] = []
        if self.decision is None:
            wrong.append(FieldViolation("decision", "DECISION_REQUIRED"))
        _text(wrong, "reason", trimmed.reason, MAX_REASON, required="REASON_REQUIRED")
        _text(wrong, "committee", trimmed.committee, MAX_OFFICE)
        _text(wrong, "office", trimmed.office, MAX_OFFICE)
        _text(wrong, "actions", trimmed.actions, MAX_ACTIONS)
        if len(trimmed.evidence_uris) > MAX_EVIDENCE:
            limit = {"limit": str(MAX_EVIDENCE)}
            wrong.append(FieldViolation("evidence_uris", "TOO_MANY_ADDRESSES", limit))
        else:
            wrong += [
                FieldViolation(f"evidence_uris[{index}]", "ADDRESS_INVALID", {"number": str(index + 1)})
                for index, uri in enumerate(trimmed.evidence_uris)
                if not _is_address(uri)
            ]
        if wrong or self.decision is None:
            raise DomainError(Code.INVALID_ARGUMENT, "ANSWER_INVALID", {}, tuple(wrong))
        return trimmed, self.decision


@dataclass(frozen=True, slots=True)
class ExtensionFields:
    """`until` is a date as ISO 8601 has it, "" when none was given."""

    until: str
    office: str
    reason: str

    def checked(self) -> tuple[ExtensionFields, date]:
        """Trimmed. Raises DomainError INVALID_ARGUMENT EXTENSION_INVALID with every wrong field."""
        trimmed = replace(self, office=_tidy(self.office), reason=_tidy(self.reason))
        wrong: list[FieldViolation] = []
        until = _date(wrong, "until_date", self.until)
        _text(wrong, "office", trimmed.office, MAX_OFFICE, required="FIELD_REQUIRED")
        _text(wrong, "reason", trimmed.reason, MAX_EXTENSION_REASON, required="REASON_REQUIRED")
        if wrong or until is None:
            raise DomainError(Code.INVALID_ARGUMENT, "EXTENSION_INVALID", {}, tuple(wrong))
        return trimmed, until


@dataclass(frozen=True, slots=True)
class SeekFields:
    """`wanted` 0: no more."""

    wanted: int
    task: str = ""

    def checked(self) -> SeekFields:
        """Trimmed, without a task for nobody. Raises DomainError INVALID_ARGUMENT SEEK_INVALID."""
        wrong: list[FieldViolation] = []
        task = _tidy(self.task)
        if not 0 <= self.wanted <= MAX_WANTED:
            wrong.append(FieldViolation("wanted", "WANTED_OUT_OF_RANGE", {"limit": str(MAX_WANTED)}))
        if self.wanted:
            _text(wrong, "task", task, MAX_TASK, required="FIELD_REQUIRED")
        if wrong:
            raise DomainError(Code.INVALID_ARGUMENT, "SEEK_INVALID", {}, tuple(wrong))
        return SeekFields(self.wanted, task if self.wanted else "")


def refused_extension(field: str, reason: str, metadata: Mapping[str, str] | None = None) -> DomainError:
    violation = FieldViolation(field, reason, metadata or {})
    return DomainError(Code.INVALID_ARGUMENT, "EXTENSION_INVALID", {}, (violation,))


def _date(wrong: list[FieldViolation], field: str, text: str) -> date | None:
    try:
        # Only the form with hyphens: "20260130" and "2026-W05-5" are dates to the library, too.
        if _ISO_DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    wrong.append(FieldViolation(field, "DATE_INVALID" if text.strip() else "DATE_REQUIRED"))
    return None


def _tidy(text: str) -> str:
    """Without space around it, and with one kind of line end: browsers send two characters for each."""
    return text.replace("\r\n", "\n").strip()


def _text(wrong: list[FieldViolation], field: str, text: str, limit: int, *, required: str = "") -> None:
    if required and not text:
        wrong.append(FieldViolation(field, required))
    elif len(text) > limit:
        wrong.append(FieldViolation(field, "TEXT_TOO_LONG", {"limit": str(limit)}))
    elif is_unprintable(text):
        wrong.append(FieldViolation(field, "TEXT_UNPRINTABLE"))


def _is_address(uri: str) -> bool:
    """An absolute http or https address that names a host, and nobody's password."""
    match = _ADDRESS.fullmatch(uri) if len(uri) <= MAX_URI and uri.isprintable() else None
    return match is not None and int(match["port"] or 0) <= MAX_PORT
