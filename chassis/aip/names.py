"""Resource names (AIP-122): `municipalities/{municipality}/selections/{selection}`."""

from __future__ import annotations

import re
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation

# A slug or a UUID; what stands between the slashes of every name. Lower case only, so that a name has one
# spelling.
_ID = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


class ResourcePattern:
    """One kind of resource's name.

    `pattern` as in google.api.resource; each variable's value is a slug or a UUID.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.variables = tuple(re.findall(r"\{(\w+)\}", pattern))
        self._expression = re.compile(re.sub(r"\\\{(\w+)\\\}", rf"(?P<\1>{_ID})", re.escape(pattern)))

    def parse(self, name: str, *, field: str = "name") -> dict[str, str]:
        """The variables' values.

        Raises DomainError INVALID_ARGUMENT NAME_INVALID at `field`, without the text.
        """
        match = self._expression.fullmatch(name)
        if match is None:
            reason, metadata = "NAME_INVALID", {"pattern": self.pattern}
            violation = FieldViolation(field, reason, metadata)
            raise DomainError(Code.INVALID_ARGUMENT, reason, metadata, (violation,))
        return match.groupdict()

    def matches(self, name: str) -> bool:
        return self._expression.fullmatch(name) is not None

    def format(self, **ids: str) -> str:
        """The name for these values.

        Raises ValueError when they make none: that is the caller's mistake, no client's.
        """
        name = self.pattern.format_map(ids)
        if self._expression.fullmatch(name) is None or set(ids) != set(self.variables):
            raise ValueError(f"no name of {self.pattern} can be made of these ids")
        return name


MUNICIPALITY = ResourcePattern("municipalities/{municipality}")


def municipality_of(name: str, *, field: str = "name") -> str:
    """The slug in `municipalities/{slug}` and in every name below it. Raises DomainError NAME_INVALID."""
    return MUNICIPALITY.parse("/".join(name.split("/")[:2]), field=field)["municipality"]


def identity(text: str, unknown: str) -> UUID:
    """The id in a name. Raises DomainError NOT_FOUND with the reason `unknown` for what is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        raise DomainError(Code.NOT_FOUND, unknown) from None
