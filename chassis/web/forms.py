"""Forms: what was typed is kept, and each error stands at the top and at its field."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from chassis.errors import Code, DomainError, FieldViolation
from chassis.text import Catalogue
from chassis.web.site import site_of

CSRF_FIELD = "csrf_token"
# What is larger is refused before it is read whole; a use case may set a lower limit.
LARGEST_UPLOAD = 256 * 1024 * 1024
MOST_FIELDS = 20_000
LARGEST_TEXT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FormError:
    """One thing that is wrong: at `field` (its id on the page; "" for the form as a whole), in words."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a form shows: typed values by field, and errors in the order of the page."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[FormError] = ()

    def value(self, name: str, default: object = "") -> str:
        return self.values.get(name, "" if default is None else str(default))

    def error(self, name: str) -> str | None:
        texts = [error.text for error in self.errors if error.field == name]
        return " ".join(texts) or None


class Posted:
    """A form that was sent, checked to come from our own page."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    @property
    def values(self) -> dict[str, str]:
        """Every text field but the CSRF token: to show the form again as it was typed."""
        return {
            name: value
            for name, value in self._data.multi_items()
            if isinstance(value, str) and name != CSRF_FIELD
        }

    @property
    def token(self) -> str:
        value = self._data.get(CSRF_FIELD, "")
        return value if isinstance(value, str) else ""

    def fingerprint(self, act: str) -> bytes:
        """What was sent, for telling a form sent twice from another one. Files are not looked into."""
        digest = hashlib.sha256(act.encode())
        for name, value in sorted(self.values.items()):
            digest.update(f"\0{name}\0{value}".encode())
        return digest.digest()

    def text(self, name: str, default: str = "") -> str:
        value = self._data.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def texts(self, name: str) -> list[str]:
        return [value.strip() for value in self._data.getlist(name) if isinstance(value, str)]

    def whole(self, name: str) -> int:
        """A whole number, as people type it ('1.000' too). Raises DomainError with a field violation."""
        typed = self.text(name).replace(".", "").replace("\u00a0", "").replace(" ", "")
        if not typed:
            raise invalid(FieldViolation(name, "FIELD_REQUIRED"))
        if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
            raise invalid(FieldViolation(name, "NOT_A_WHOLE_NUMBER"))
        return int(typed)

    def file(self, name: str) -> tuple[str, bytes]:
        """An uploaded file's name and octets. Raises DomainError when none was chosen or it is too large."""
        value = self._data.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            raise invalid(FieldViolation(name, "FILE_REQUIRED"))
        content = value.file.read(LARGEST_UPLOAD + 1)
        if len(content) > LARGEST_UPLOAD:
            raise invalid(FieldViolation(name, "FILE_TOO_LARGE", {"limit_mib": str(LARGEST_UPLOAD >> 20)}))
        return value.filename, content


def invalid(*violations: FieldViolation) -> DomainError:
    """The refusal of a form with these faults."""
    return DomainError(Code.INVALID_ARGUMENT, "FORM_INVALID", violations=violations)


async def posted(request: Request) -> Posted:
    """FastAPI dependency of every page method that changes something: the form, once it is known to be ours.

    Raises DomainError PERMISSION_DENIED for a form of another origin or without this visitor's token.
    """
    form = await asked(request)
    site_of(request).check_csrf(request, form.token)
    return form


async def asked(request: Request) -> Posted:
    """FastAPI dependency of a form that only asks (what it says must not stand in an address or a log).

    It changes nothing, so it needs no token, and its page no cookie.
    """
    return Posted(
        await request.form(max_files=4, max_fields=MOST_FIELDS, max_part_size=LARGEST_TEXT),
    )


def form_of(
    error: DomainError,
    catalogue: Catalogue,
    values: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
) -> Form:
    """The form again, with a refusal's words. `fields` maps a violation's path to the field's id where
    they differ; a violation without a field, and a refusal without violations, stands at the top only."""
    if not error.violations:
        return Form(values, (FormError("", catalogue.error(error.reason, error.metadata)),))
    return Form(
        values,
        tuple(
            FormError(
                (fields or {}).get(violation.field, violation.field),
                catalogue.error(violation.reason, violation.metadata),
            )
            for violation in error.violations
        ),
    )
