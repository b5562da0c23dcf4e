"""Writes docs/licences.md: every package of the image, and under which licence it is.

`--check` fails when the page is stale. Either way a licence that does not go with ours fails.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

from license_expression import ExpressionError, LicenseSymbol, get_spdx_licensing
from license_expression import LicenseWithExceptionSymbol as WithException

from deploy.supply.components import ROOT, Package, packages

PAGE = ROOT / "docs" / "licences.md"

PERMISSIVE = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSD-3-Clause-Open-MPI CC0-1.0 ISC MIT MIT-0 PSF-2.0"
    " Zlib".split()
)
BY_FILE = frozenset(["MPL-2.0", "OFL-1.1"])
AS_LIBRARY = frozenset("LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later".split())
BY_EXCEPTION = frozenset(["GPL-3.0-or-later WITH GCC-exception-3.1"])
ALLOWED = PERMISSIVE | BY_FILE | AS_LIBRARY | BY_EXCEPTION

HEAD = """\
# Licences

Borgerting is under the [EUPL-1.2](../LICENSE). This is what its image carries beside it, as the locks name
it, and under which licence (SPDX expressions). Versions and the hashes of the files are in the image's list
of parts ([SBOM](kubernetes.md#what-is-in-the-image)). The base image, Python and its system, has its own.

What may be in it:

- permissive: {permissive};
- by file, which are unchanged here: {by_file};
- as a library that anyone can replace, being a package of its own: {as_library};
- by an exception for what a compiler adds: {by_exception}.

Anything else, and a package that does not say, fails the tests until somebody has looked (`deploy/supply`).

Written by `make generate`.

| package | licence | said by |
|---|---|---|
"""


class LicenceError(Exception):
    """Packages that may not be in the image; the text names each."""


def allowed(expression: str) -> bool:
    """Whether something that is under this may be in the image: all of an AND, one of an OR.

    False, too, for what is no SPDX expression.
    """
    try:
        return _allowed(_licensing().parse(expression, validate=True, strict=True))
    except ExpressionError:
        return False


@functools.cache
def _licensing() -> Any:
    """It knows some 700 licences, and takes a while to."""
    return get_spdx_licensing()


def _allowed(node: object) -> bool:
    if isinstance(node, LicenseSymbol | WithException):
        return str(node) in ALLOWED
    parts = [_allowed(each) for each in getattr(node, "args", ())]
    if type(node).__name__ == "OR":
        return any(parts)
    return bool(parts) and all(parts)


def check(found: Sequence[Package]) -> None:
    """Raises LicenceError."""
    refused = [f"{each.name}: {each.licence}" for each in found if not allowed(each.licence)]
    if refused:
        raise LicenceError("not among the licences that may be in the image: " + "; ".join(refused))


def page(found: Sequence[Package]) -> str:
    head = HEAD.format(
        permissive=", ".join(sorted(PERMISSIVE)),
        by_file=", ".join(sorted(BY_FILE)),
        as_library=", ".join(sorted(AS_LIBRARY)),
        by_exception=", ".join(sorted(BY_EXCEPTION)),
    )
    rows = [f"| {each.name} | {each.licence} | {each.said_by} |\n" for each in found]
    return head + "".join(rows)


def main(arguments: Sequence[str]) -> int:
    found = packages()
    try:
        check(found)
    except LicenceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    text = page(found)
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write("docs/licences.md is stale: run `make generate`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
