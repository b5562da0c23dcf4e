"""What integrators are promised about change: a changelog with this version, no deprecation in silence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2

from tests.component.integrators.conftest import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def contracts() -> Iterator[descriptor_pb2.FileDescriptorProto]:
    for path in sorted((ROOT / "proto/borgerting").rglob("*.proto")):
        module = import_module(".".join(path.relative_to(ROOT / "proto").with_suffix("").parts) + "_pb2")
        made = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(made)
        yield made


def deprecated(part: Any, path: str) -> Iterator[str]:
    """Full names of all that is marked so: methods, messages, fields, values, services."""
    name = f"{path}.{part.name}" if path else part.name
    if part.options.deprecated:
        yield name
    for kind in ("message_type", "enum_type", "service", "nested_type", "field", "value", "method"):
        for inner in getattr(part, kind, ()):
            yield from deprecated(inner, name)


def unannounced(files: Iterator[descriptor_pb2.FileDescriptorProto], changelog: str) -> list[str]:
    sections = re.findall(r"^### Deprecated\n(.*?)(?=^##|\Z)", changelog, re.MULTILINE | re.DOTALL)
    announced = set(re.findall(r"`([\w.]+)`", "".join(sections)))
    found = []
    for file in files:
        package, file.name = file.package, file.package
        found += [name for name in deprecated(file, "") if name.removeprefix(f"{package}.") not in announced]
    return found


def test_the_changelog_has_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", CHANGELOG, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert all(date for _, date in headings[1:])
    unreleased = CHANGELOG.split("## [Unreleased]")[1].split("\n## ")[0]
    assert VERSION in dict(headings) or f"To be {VERSION}" in unreleased
    assert set(re.findall(r"^### (\w+)$", CHANGELOG, re.MULTILINE)) <= KINDS


def test_what_is_deprecated_is_announced() -> None:
    assert unannounced(contracts(), CHANGELOG) == []


def test_a_deprecation_in_silence_is_found() -> None:
    [file, *_] = [one for one in contracts() if one.name.endswith("promise_service.proto")]
    file.message_type[0].field[0].options.deprecated = True
    file.service[0].method[0].options.deprecated = True
    field = f"{file.message_type[0].name}.{file.message_type[0].field[0].name}"
    method = f"{file.service[0].name}.{file.service[0].method[0].name}"
    package = file.package
    missing = unannounced(iter([file]), CHANGELOG)
    assert sorted(missing) == sorted([f"{package}.{field}", f"{package}.{method}"])
    told = f"## [0.2.0]\n\n### Deprecated\n\n- `{field}`: use …\n\n### Fixed\n\n- `{method}`\n"
    assert unannounced(iter([file]), told) == [f"{package}.{method}"]


def test_every_reason_that_the_contract_names_is_in_the_catalogue() -> None:
    errors = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `([A-Z_]+)`", errors, re.MULTILINE)) | {"UPPER_SNAKE"}
    known |= {code.name for code in grpc.StatusCode}
    for path in (ROOT / "proto").rglob("*.proto"):
        text = path.read_text(encoding="utf-8")
        values = re.findall(r"^\s+([A-Z][A-Z_]+) = \d+;", text, re.MULTILINE)
        named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", " ".join(re.findall(r"//(.*)", text))))
        # Values may be named without the prefix of their enum.
        values += [value[at:] for value in values for at in range(len(value)) if value[at - 1] == "_"]
        assert named <= known | set(values), path.name


@pytest.mark.parametrize("name", ["docs/integrators.md", "CHANGELOG.md", "clients/python/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", Path(linked).read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in anchors, target
