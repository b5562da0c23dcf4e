"""The words people read, from gettext catalogues, in Danish and English.

A message's id is a key (`draw.title`, `error.SIGN_IN_REQUIRED`), its text stands in
`<package>/locale/<language>/LC_MESSAGES/*.po`, with parameters as `{name}`. The .po files are read at start;
nothing is compiled. `python -m chassis.text check` holds both languages complete.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from markupsafe import Markup

LANGUAGES = ("da", "en")
DEFAULT_LANGUAGE = "da"

CHASSIS_PACKAGE = "chassis.web"


class _Params(dict[str, Any]):
    """A parameter that is missing shows as a dash: a page with a hole beats a page that fails."""

    def __missing__(self, key: str) -> str:
        return "–"


class Catalogue:
    """One language's messages. Keys of later packages win over those of earlier ones."""

    def __init__(self, language: str, messages: Mapping[str, tuple[str, ...]]) -> None:
        self.language = language
        self._messages = messages

    def __contains__(self, key: str) -> bool:
        return key in self._messages

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._messages)

    def forms(self, key: str) -> tuple[str, ...]:
        """The raw text, or the singular and the plural."""
        return self._messages[key]

    def text(self, key: str, /, **params: Any) -> str:
        """The words as plain text. An unknown key comes back as itself (`check` finds it)."""
        forms = self._messages.get(key)
        return forms[0].format_map(_Params(params)) if forms else key

    def plural(self, key: str, n: int, /, **params: Any) -> str:
        """The words for n things; `{n}` is at hand as a parameter unless given."""
        forms = self._messages.get(key)
        if forms is None:
            return key
        return forms[0 if n == 1 else -1].format_map(_Params({"n": n} | params))

    def markup(self, key: str, /, **params: Any) -> Markup:
        """The words as HTML: the catalogue's own marks stay, parameters are escaped."""
        forms = self._messages.get(key)
        return Markup(forms[0]).format_map(_Params(params)) if forms else Markup(key)  # noqa: S704

    def plural_markup(self, key: str, n: int, /, **params: Any) -> Markup:
        forms = self._messages.get(key)
        if forms is None:
            return Markup(key)  # noqa: S704
        return Markup(forms[0 if n == 1 else -1]).format_map(_Params({"n": n} | params))  # noqa: S704

    def error(self, reason: str, metadata: Mapping[str, str] | None = None) -> str:
        """What a refusal says to a person: the message `error.REASON`, or the general one."""
        key = f"error.{reason}"
        return self.text(key if key in self else "error.UNKNOWN", **(metadata or {}), reason=reason)


def read_package(package: str, language: str) -> dict[str, tuple[str, ...]]:
    """The messages of one package, from all .po files of the language; none when it has no locale folder."""
    folder = resources.files(package) / "locale" / language / "LC_MESSAGES"
    if not folder.is_dir():
        return {}
    messages: dict[str, tuple[str, ...]] = {}
    for source in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".po"):
            with source.open("rb") as file:
                messages |= _messages(read_po(file, locale=language, abort_invalid=True))
    return messages


def _messages(catalogue: Iterable[Message]) -> dict[str, tuple[str, ...]]:
    messages: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            text = message.string
            messages[key] = (text,) if isinstance(text, str) else tuple(text or ())
    return messages


@lru_cache(maxsize=8)
def _load(packages: tuple[str, ...]) -> dict[str, Catalogue]:
    loaded = {}
    for language in LANGUAGES:
        messages: dict[str, tuple[str, ...]] = {}
        for package in packages:
            messages |= read_package(package, language)
        loaded[language] = Catalogue(language, messages)
    return loaded


def catalogues(packages: Sequence[str] = ()) -> Mapping[str, Catalogue]:
    """Language -> catalogue, of the chassis and these packages (`services.sortition`, …), read once."""
    return _load((CHASSIS_PACKAGE, *(package for package in packages if package != CHASSIS_PACKAGE)))


def main(arguments: Sequence[str]) -> int:
    if list(arguments) != ["check"]:
        sys.stderr.write("usage: python -m chassis.text check\n")
        return 2
    from chassis.text_check import check

    problems = check()
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
