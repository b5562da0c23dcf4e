"""`python -m chassis.text check` finds what is missing, different, empty or unused."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from chassis import text, text_check

HEAD = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


class Package:
    """A service's package in a folder of its own, found as an installed one is."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "__init__.py").touch()
        for language in text.LANGUAGES:
            self.words(language, {"a.known": "Ord {n}"})
        self.template('{{ t("a.known", n=1) }}')

    def words(self, language: str, messages: dict[str, str | tuple[str, str]]) -> None:
        folder = self.folder / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [HEAD]
        for key, forms in messages.items():
            if isinstance(forms, str):
                lines.append(f'msgid "{key}"\nmsgstr "{forms}"\n')
            else:
                lines.append(
                    f'msgid "{key}"\nmsgid_plural "{key}"\nmsgstr[0] "{forms[0]}"\nmsgstr[1] "{forms[1]}"\n'
                )
        (folder / "messages.po").write_text("\n".join(lines), encoding="utf-8")

    def template(self, content: str) -> None:
        (self.folder / "templates").mkdir(exist_ok=True)
        (self.folder / "templates" / "page.html").write_text(content, encoding="utf-8")

    def source(self, content: str) -> None:
        (self.folder / "code.py").write_text(content, encoding="utf-8")


@pytest.fixture
def package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Package]:
    made = Package(tmp_path, f"words_{abs(hash(request.node.name))}")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("toy", f"{made.name}.service:DESCRIPTOR", "borgerting.services")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point])
    yield made
    sys.modules.pop(made.name, None)


def found(package: Package) -> list[str]:
    """What the check says of this package (the chassis's own words are right)."""
    return text_check.check()


def test_complete_words_are_fine(package: Package) -> None:
    assert found(package) == []


def test_a_key_without_words(package: Package) -> None:
    package.template('{{ t("a.known", n=1) }}{{ t("a.unknown") }}')
    assert found(package) == [
        "page.html:1: no da words for a.unknown",
        "page.html:1: no en words for a.unknown",
    ]


def test_a_key_in_one_language_only(package: Package) -> None:
    package.words("en", {})
    problems = found(package)
    assert f"{package.name}: a.known has no en words" in problems


def test_other_parameters_in_one_language(package: Package) -> None:
    package.words("en", {"a.known": "Words {count}"})
    assert found(package) == [f"{package.name}: a.known has other parameters in en than in da"]


def test_a_plural_in_one_language_only(package: Package) -> None:
    package.words("en", {"a.known": ("{n} word", "{n} words")})
    assert found(package) == [f"{package.name}: a.known has a plural in one language only"]


def test_a_singular_may_spell_its_number_out(package: Package) -> None:
    package.words("da", {"a.known": ("ét ord", "{n} ord")})
    package.words("en", {"a.known": ("{n} word", "{n} words")})
    package.template('{{ tn("a.known", 2) }}')
    assert found(package) == []


def test_empty_words(package: Package) -> None:
    package.words("en", {"a.known": " "})
    assert f"{package.name}: a.known is empty in en" in found(package)
    package.words("da", {"a.known": " "})
    assert found(package) == []


def test_words_that_nobody_uses(package: Package) -> None:
    for language in text.LANGUAGES:
        package.words(language, {"a.known": "{n}", "a.old": "x"})
    assert found(package) == ["nobody uses a.old"]
    package.source("KEYS = ['a.old']")
    assert found(package) == []


def test_keys_made_at_run_time(package: Package) -> None:
    for language in text.LANGUAGES:
        package.words(language, {"state.on": "x", "state.off": "x"})
    package.template('{{ t("state." ~ state) }}')
    assert found(package) == []
    package.template('{{ t("mood." ~ state) }}{{ t("state.on" if x else "state.off") }}')
    assert found(package) == ["page.html:1: no da words under mood.", "page.html:1: no en words under mood."]
    package.template("{{ t(key) }}")
    assert "page.html:1: a key that cannot be checked (start it with a constant)" in found(package)


def test_reasons_in_code_need_words(package: Package) -> None:
    package.source(
        'raise DomainError(Code.NOT_FOUND, "TING_UNKNOWN", violations=(FieldViolation("x", "ODD"),))'
    )
    assert {problem.split("for ")[1] for problem in found(package)} == {"error.TING_UNKNOWN", "error.ODD"}
    package.source('raise DomainError(Code.NOT_FOUND, reason="A" if x else "B")')
    assert {problem.split("for ")[1] for problem in found(package)} == {"error.A", "error.B"}


def test_words_in_code_are_checked(package: Package) -> None:
    package.source(
        'words.text("b.title"); words.plural("b.count", 2); words.text(f"c.{x}"); log.text("no key")'
    )
    problems = found(package)
    assert {"code.py:1: no da words for b.title", "code.py:1: no da words for b.count"} <= set(problems)
    assert "code.py:1: no en words under c." in problems
    assert len(problems) == 6


def test_the_command(capsys: pytest.CaptureFixture[str], package: Package) -> None:
    assert text.main(["check"]) == 0
    package.template('{{ t("a.unknown") }}')
    assert text.main(["check"]) == 1
    assert "a.unknown" in capsys.readouterr().err
    assert text.main([]) == 2
