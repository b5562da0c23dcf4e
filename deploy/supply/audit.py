"""Asks what is known against the locked packages: pip-audit for Python's, `npm audit` for the pages'.

Exit 0: nothing is known; 1: something is, named above; 3: at least one lock was NOT scanned, because its
advisories could not be reached. A scan that did not happen must not look like one that found nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from deploy.supply.components import ROOT

PYTHON = ("requirements/runtime.txt", "requirements/dev.txt", "benchmarks/peers/requirements.txt")
NPM = (".", "tests/infrastructure/oidc-provider")
FOUND, NOT_SCANNED = 1, 3


@dataclass(frozen=True, slots=True)
class Scan:
    """Of one lock: `known` is a line for each advisory; `not_scanned` says why there was none, or part."""

    lock: str
    packages: int = 0
    known: list[str] = field(default_factory=list)
    not_scanned: str = ""


def scan_python(lock: str, osv_url: str | None = None) -> Scan:
    """By OSV's database, which answers for each package; the index's own skips what it does not know."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / lock), "--require-hashes",
        "--disable-pip", "--progress-spinner", "off", "--format", "json", "--vulnerability-service", "osv",
        *(["--osv-url", osv_url] if osv_url else []),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Scan(lock, not_scanned=_last_line(done.stderr))
    known = [
        f"{each['name']} {each['version']}: {one['id']}"
        f" (mended in {', '.join(one['fix_versions']) or 'no release yet'})"
        for each in found
        for one in each.get("vulns", ())
    ]
    skipped = sorted(each["name"] for each in found if "skip_reason" in each)
    if skipped or not found:
        return Scan(lock, len(found), known, f"nothing was said of {', '.join(skipped) or 'any package'}")
    return Scan(lock, len(found), known)


def scan_npm(folder: str, npm: Sequence[str], registry: str | None = None) -> Scan:
    lock = str(Path(folder) / "package-lock.json")
    command = [*npm, "audit", "--package-lock-only", "--json", "--ignore-scripts"]
    command += ["--registry", registry] if registry else []
    done = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
        count, found = answer["metadata"]["dependencies"]["total"], answer["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return Scan(lock, not_scanned=_last_line(done.stderr))
    known = [
        f"{name}: {via['title']} ({via['severity']}, {via['url']})"
        for name, one in sorted(found.items())
        for via in one["via"]
        if isinstance(via, dict)
    ]
    return Scan(lock, count, known)


def report(scans: Sequence[Scan]) -> tuple[list[str], int]:
    """Lines to print, the verdict last, and the exit code."""
    lines, missed = [], []
    for scan in scans:
        lines += [f"{scan.lock}: {line}" for line in scan.known]
        if scan.not_scanned:
            missed.append(scan.lock)
            lines.append(f"{scan.lock}: NOT SCANNED: {scan.not_scanned}")
        else:
            lines.append(f"{scan.lock}: {scan.packages} packages scanned, {len(scan.known)} advisories")
    count = sum(len(scan.known) for scan in scans)
    if count:
        rest = f"; NOT SCANNED: {', '.join(missed)}" if missed else ""
        return [*lines, f"{count} advisories found{rest}"], FOUND
    if missed:
        return [*lines, f"NOT SCANNED: {', '.join(missed)}"], NOT_SCANNED
    return [*lines, f"all {len(scans)} locks scanned, nothing is known against them"], 0


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    useful = [line for line in lines if "complete log of this run" not in line]
    return (useful or lines or ["no answer"])[-1][:300]


def npm_command() -> list[str]:
    """As scripts/assets.py finds it. Raises its AssetError where there is none."""
    spec = spec_from_file_location("assets", ROOT / "scripts" / "assets.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("scripts/assets.py is missing")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.node_command("npm"))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.supply.audit", description=__doc__)
    parser.add_argument("--osv-url", help="another address of OSV's query, such as a mirror's")
    parser.add_argument("--registry", help="another npm registry")
    wanted = parser.parse_args(arguments)
    npm = npm_command()
    scans = [scan_python(lock, wanted.osv_url) for lock in PYTHON]
    scans += [scan_npm(folder, npm, wanted.registry) for folder in NPM]
    lines, code = report(scans)
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
