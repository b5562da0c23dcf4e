"""Are the words complete? Every key that code and templates use, in every language, with equal parameters.

A key built at run time (`t("state." ~ state)`, `error.` + reason) is checked by its prefix, and reasons by
reading every DomainError and FieldViolation in the source.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path

from jinja2 import Environment, nodes

from chassis.app import COMMANDS_ENTRY_POINT_GROUP, ENTRY_POINT_GROUP
from chassis.text import CHASSIS_PACKAGE, LANGUAGES, read_package

# The names under which templates and page code ask for words.
CALLS = frozenset({"t", "tn", "text", "plural", "markup", "plural_markup"})
# Which positional argument of an error carries its reason.
REASONS = {"DomainError": 1, "FieldViolation": 1}
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+")


@dataclass(slots=True)
class Uses:
    """Keys used outright, prefixes of keys made at run time, and where each stands.

    `constants` are all strings of the sources, `starts` the constant starts of formatted ones: a key or a
    reason among them may be used in a roundabout way, so it is not called unused.
    """

    keys: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    constants: set[str] = field(default_factory=set)
    starts: set[str] = field(default_factory=set)


def packages() -> list[str]:
    """The chassis' web package, every installed service's, and those that bring commands and words alone."""
    found = {point.module.rsplit(".", 1)[0] for point in metadata.entry_points(group=ENTRY_POINT_GROUP)}
    bringing = {
        point.module.rsplit(".", 1)[0] for point in metadata.entry_points(group=COMMANDS_ENTRY_POINT_GROUP)
    }
    found |= {package for package in bringing if (_folder(package) / "locale").is_dir()}
    return [CHASSIS_PACKAGE, *sorted(found)]


def check() -> list[str]:
    """One line per problem; empty when both languages are complete."""
    problems: list[str] = []
    uses = Uses()
    per_language: dict[str, dict[str, tuple[str, ...]]] = {language: {} for language in LANGUAGES}
    for package in packages():
        folder = _folder(package)
        _read_templates(folder / "templates", uses, problems)
        sources = folder.parent if package == CHASSIS_PACKAGE else folder
        for path in sorted(sources.rglob("*.py")):
            _read_source(path, uses)
        messages = {language: read_package(package, language) for language in LANGUAGES}
        problems.extend(_compare(package, messages))
        for language in LANGUAGES:
            per_language[language] |= messages[language]
    for language, known in per_language.items():
        for key, place in sorted(uses.keys.items()):
            if key not in known:
                problems.append(f"{place}: no {language} words for {key}")
        for prefix, place in sorted(uses.prefixes.items()):
            if not any(key.startswith(prefix) for key in known):
                problems.append(f"{place}: no {language} words under {prefix}")
    first = per_language[LANGUAGES[0]]
    for key in sorted(first):
        named = {key, key.removeprefix("error.")} & uses.constants
        starts = (*uses.prefixes, *uses.starts)
        if key not in uses.keys and not named and not any(key.startswith(start) for start in starts):
            problems.append(f"nobody uses {key}")
    return problems


def _folder(package: str) -> Path:
    with resources.as_file(resources.files(package)) as folder:
        return Path(folder)


def _compare(package: str, messages: dict[str, dict[str, tuple[str, ...]]]) -> Iterator[str]:
    base = messages[LANGUAGES[0]]
    for language in LANGUAGES[1:]:
        other = messages[language]
        for key in sorted(base.keys() ^ other.keys()):
            lacking = language if key in base else LANGUAGES[0]
            yield f"{package}: {key} has no {lacking} words"
        for key in sorted(base.keys() & other.keys()):
            if _parameters(base[key]) != _parameters(other[key]):
                yield f"{package}: {key} has other parameters in {language} than in {LANGUAGES[0]}"
            if len(base[key]) != len(other[key]):
                yield f"{package}: {key} has a plural in one language only"
    for language, words in messages.items():
        for key, forms in sorted(words.items()):
            # Empty in every language is meant so: the head of a column that has none.
            meant = not any(form.strip() for other in messages.values() for form in other.get(key, ()))
            if not meant and not all(form.strip() for form in forms):
                yield f"{package}: {key} is empty in {language}"


def _parameters(forms: tuple[str, ...]) -> frozenset[str]:
    """The parameters of all forms together: a singular may say 'one' for {n}."""
    return frozenset(name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name)


def _read_templates(folder: Path, uses: Uses, problems: list[str]) -> None:
    if not folder.is_dir():
        return
    environment = Environment(autoescape=True, extensions=["jinja2.ext.do"])
    for path in sorted(folder.rglob("*.html")):
        tree = environment.parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            name = call.node.name if isinstance(call.node, nodes.Name) else ""
            if name not in {"t", "tn"} or not call.args:
                continue
            place = f"{path.name}:{call.lineno}"
            for kind, key in _jinja_keys(call.args[0]):
                if kind == "key":
                    uses.keys.setdefault(key, place)
                elif kind == "prefix":
                    uses.prefixes.setdefault(key, place)
                else:
                    problems.append(f"{place}: a key that cannot be checked (start it with a constant)")


def _jinja_keys(node: nodes.Expr) -> Iterator[tuple[str, str]]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield "key", node.value
    elif isinstance(node, nodes.CondExpr):
        yield from _jinja_keys(node.expr1)
        if node.expr2 is not None:
            yield from _jinja_keys(node.expr2)
    elif isinstance(node, nodes.Concat) and isinstance(node.nodes[0], nodes.Const):
        yield "prefix", str(node.nodes[0].value)
    else:
        yield "unknown", ""


def _read_source(path: Path, uses: Uses) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            uses.constants.add(node.value)
        if isinstance(node, ast.JoinedStr):
            _read_formatted(node, uses)
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        place = f"{path.name}:{node.lineno}"
        if name in REASONS:
            reason = _reason(node, REASONS[name])
            for value in reason:
                uses.keys.setdefault(f"error.{value}", place)
        elif name in CALLS and node.args:
            for key in _strings(node.args[0]):
                if _KEY.fullmatch(key):
                    uses.keys.setdefault(key, place)
            if isinstance(node.args[0], ast.JoinedStr) and isinstance(node.args[0].values[0], ast.Constant):
                prefix = str(node.args[0].values[0].value)
                if _KEY.fullmatch(prefix.rstrip(".") + ".x") and "." in prefix:
                    uses.prefixes.setdefault(prefix, place)


def _read_formatted(node: ast.JoinedStr, uses: Uses) -> None:
    """A key made at run time, as in f"finding.{reason}.cure": its constant start may name words."""
    first = node.values[0] if node.values else None
    if isinstance(first, ast.Constant) and re.fullmatch(r"[a-z_]+\.[A-Za-z_.]*", str(first.value)):
        uses.starts.add(str(first.value))


def _reason(call: ast.Call, position: int) -> Iterator[str]:
    candidates = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    if len(call.args) > position:
        candidates.append(call.args[position])
    for candidate in candidates:
        yield from _strings(candidate)


def _strings(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)
