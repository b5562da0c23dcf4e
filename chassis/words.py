"""Which language a person reads, and how an error's reason becomes words in it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class Language(StrEnum):
    """The languages there are, as commands take them."""

    EN = "en"
    DA = "da"


LANGUAGES = ("da", "en")
DEFAULT_LANGUAGE = "da"


class Describe(Protocol):
    """The catalogue's words for a reason. Never raises: a reason without words comes back as itself."""

    def __call__(self, reason: str, metadata: Mapping[str, str], language: str) -> str: ...


def reason_itself(reason: str, metadata: Mapping[str, str], language: str) -> str:
    """The Describe of who has no catalogue."""
    return reason


def language_from(accept_language: str | None) -> str:
    """The best of LANGUAGES for an Accept-Language header (RFC 9110); Danish when it asks for neither.

    Anything that is no such header counts as none: a language is never a reason to refuse.
    """
    if not accept_language:
        return DEFAULT_LANGUAGE
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in accept_language.split(","):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        if language == "*":
            language = DEFAULT_LANGUAGE
        name, _, value = parameters.strip().partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and best_weight < weight <= 1.0:
            best, best_weight = language, weight
    return best


def language_of_terminal(environment: Mapping[str, str]) -> str:
    """What LC_ALL, LC_MESSAGES or LANG ask for, the first that is set (POSIX); English when none is."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "da" if environment[name].lower().startswith("da") else "en"
    return "en"
