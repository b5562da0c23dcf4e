"""The packages that the image carries, as the locks name them, with what each says of its licence."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "requirements" / "runtime.txt"
PAGES = ROOT / "package-lock.json"
EXTRAS = frozenset({"telemetry"})
"""Of our own that the lock contains."""

IMAGE = {
    "python_version": "3.11",
    "python_full_version": "3.11.0",
    "sys_platform": "linux",
    "os_name": "posix",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}
"""What environment markers (PEP 508) find in the image."""

_TEXTS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    # As npm packages write them.
    "BSD-0-Clause": "0BSD",
}
_CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
}
_SPDX = re.compile(r"(?:0BSD|Apache-2\.0|BSD-[23]-Clause|MIT|MPL-2\.0)")

READ = {
    "jinja2": "BSD-3-Clause",
    # Its licence file: the BSD licence applies to all of it.
    "python-dateutil": "BSD-3-Clause",
    # Of its wheel, which brings OpenBLAS, LAPACK and GCC's runtime along.
    "scipy": "BSD-3-Clause AND BSD-3-Clause-Open-MPI AND GPL-3.0-or-later WITH GCC-exception-3.1"
    " AND LGPL-2.1-or-later",
}
"""Python packages whose metadata do not say it, read by hand in their licence files."""


class UnknownLicenceError(Exception):
    """A package that does not say under which licence it is."""


@dataclass(frozen=True, slots=True)
class Package:
    """`licence` is an SPDX expression; `requires` are names of others among these."""

    ecosystem: str
    name: str
    version: str
    licence: str
    said_by: str
    requires: tuple[str, ...] = ()


def packages() -> list[Package]:
    """All, Python's first. Raises UnknownLicenceError; PackageNotFoundError outside of `make setup`."""
    return [*python_packages(), *page_packages()]


def python_packages(lock: Path = RUNTIME) -> list[Package]:
    """Those of the lock that the image gets. Licences are those of what is installed here."""
    locked = dict(_locked(lock))
    found = []
    for name, version in sorted(locked.items()):
        metadata = distribution(name).metadata
        licence, said_by = licence_of(name, metadata)
        requires = tuple(each for each in _required(name, frozenset()) if each in locked)
        found.append(Package("pypi", name, version, licence, said_by, requires))
    return found


def page_packages() -> list[Package]:
    """What the pages carry. What only the tests need is in no image."""
    lock = json.loads(PAGES.read_text(encoding="utf-8"))["packages"]
    return [
        Package(
            "npm",
            path.removeprefix("node_modules/"),
            entry["version"],
            _TEXTS.get(entry["license"], entry["license"].strip("()")),
            "package-lock.json",
        )
        for path, entry in sorted(lock.items())
        if path and not entry.get("dev")
    ]


def own_requirements() -> list[str]:
    """The names that Borgerting itself asks for."""
    return list(_required("borgerting", EXTRAS))


def licence_of(name: str, metadata: PackageMetadata) -> tuple[str, str]:
    """The SPDX expression, and who says so. Raises UnknownLicenceError."""
    if "License-Expression" in metadata:
        return metadata["License-Expression"], "License-Expression"
    if name in READ:
        return READ[name], "its licence file"
    (text,) = metadata.get_all("License", [""])[:1]
    if _SPDX.fullmatch(text):
        return text, "License"
    if text in _TEXTS:
        return _TEXTS[text], "License"
    classifiers = [each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    if len(classifiers) == 1 and classifiers[0] in _CLASSIFIERS:
        return _CLASSIFIERS[classifiers[0]], "classifier"
    raise UnknownLicenceError(
        f"{name}: its metadata name no licence (License: {text[:60]!r}, classifiers: {classifiers}). "
        "Read its licence file, and say in deploy/supply/components.py what it is."
    )


def _locked(lock: Path) -> Iterator[tuple[str, str]]:
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            wanted = Requirement(line.removesuffix("\\").strip())
            if wanted.marker is None or wanted.marker.evaluate(IMAGE):
                (only,) = wanted.specifier
                yield canonicalize_name(wanted.name), only.version


def _required(name: str, extras: frozenset[str]) -> Iterator[str]:
    """By the package of that name, in the image; with the extras that it or we ask for."""
    markers = [{**IMAGE, "extra": extra} for extra in ("", *extras, *_asked_extras().get(name, ()))]
    found: dict[str, None] = {}
    for text in distribution(name).requires or ():
        wanted = Requirement(text)
        marker = wanted.marker
        if marker is None or any(marker.evaluate(each) for each in markers):
            found[canonicalize_name(wanted.name)] = None
    yield from found


@functools.cache
def _asked_extras() -> dict[str, frozenset[str]]:
    """Of each package, the extras that we ask for."""
    ours = [Requirement(text) for text in distribution("borgerting").requires or ()]
    return {canonicalize_name(each.name): frozenset(each.extras) for each in ours}
