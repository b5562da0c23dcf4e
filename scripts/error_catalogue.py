"""Writes docs/errors.md: every reason a caller may meet, with its words. `--check` fails when it is stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from chassis.text import read_package
from chassis.text_check import packages

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"
HEAD = """\
# Error catalogue

Every refusal carries a stable reason in `UPPER_SNAKE` and parameters. gRPC sends it as `google.rpc.ErrorInfo`
(`reason`, `metadata`) with `google.rpc.BadRequest` for fields; REST as `application/problem+json` (`reason`,
`errors`); pages and commands as the words below. Words may change, reasons do not. `{braces}` are parameters.
A failure that is our fault is INTERNAL (500), its reason too, with an `incident` id to be found in the log.
What to do at which code: [integrators](integrators.md#errors).

Written by `make generate` from the catalogues in `locale/`; `make check` fails when it is stale.
"""


def _reason(key: str) -> str:
    """`error.X` and an engine's `deadlines.fault.X` are X; `finding.X.cure` is X.cure."""
    return re.sub(r"^.*?(?=[A-Z])", "", key)


def section(package: str) -> list[str]:
    danish, english = (read_package(package, language) for language in ("da", "en"))
    keys = sorted(key for key in english if re.match(r"(error|finding|problem|\w+\.fault)\.[A-Z]", key))
    if not keys:
        return []
    lines = [f"\n## `{package}`\n", "| reason | English | Danish |", "|---|---|---|"]
    for key in keys:
        cells = [" / ".join(texts.get(key, ("–",))) for texts in (english, danish)]
        text = " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
        lines.append(f"| `{_reason(key)}` | {text} |")
    return lines


def main() -> int:
    page = HEAD + "\n".join(line for package in packages() for line in section(package)) + "\n"
    if "--check" in sys.argv:
        if not PAGE.is_file() or PAGE.read_text() != page:
            sys.stderr.write("docs/errors.md is stale: run `make generate`.\n")
            return 1
        return 0
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
