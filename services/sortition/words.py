"""Words from this service's catalogues (gettext .po files), in Danish and English, by a stable key."""

from __future__ import annotations

import functools
from importlib import resources

LANGUAGES = ("en", "da")

_PLURAL = {"en": lambda n: int(n != 1), "da": lambda n: int(n != 1)}
# The catalogues of the command line; pages have others.
_FILES = ("messages.po", "representation.po", "invitation.po", "dropout.po", "rotation.po")
_THOUSANDS = {"en": ",", "da": "."}


class Words:
    """`words(key, name=value)` is the sentence under `key` with its parameters put in.

    Whole numbers are written as the language writes them (20,000 or 20.000); text goes in as it is. A key
    with a plural takes the form for the parameter `n`. Raises KeyError for a key the catalogue lacks.
    """

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._messages = _catalogue(self.language)

    def __call__(self, key: str, /, **values: str | int) -> str:
        forms = self._messages[key]
        text = forms[0]
        n = values.get("n")
        if len(forms) > 1 and isinstance(n, int):
            text = forms[_PLURAL[self.language](n)]
        return text.format_map({name: self._shown(value) for name, value in values.items()})

    def has(self, key: str) -> bool:
        """Whether the catalogue has words for the key."""
        return key in self._messages

    def _shown(self, value: str | int) -> str:
        if isinstance(value, int):
            return f"{value:,}".replace(",", _THOUSANDS[self.language])
        return value


@functools.cache
def _catalogue(language: str) -> dict[str, tuple[str, ...]]:
    # Read from the .po itself, so that no compiled file can be missing or stale.
    from babel.messages.pofile import read_po

    folder = resources.files("services.sortition") / "locale" / language / "LC_MESSAGES"
    messages: dict[str, tuple[str, ...]] = {}
    for name in _FILES:
        with (folder / name).open("rb") as stream:
            catalogue = read_po(stream, locale=language)
        for message in catalogue:
            key = message.id[0] if isinstance(message.id, list | tuple) else message.id
            text = message.string
            if key and text:
                messages[key] = tuple(text) if isinstance(text, list | tuple) else (text,)
    return messages
