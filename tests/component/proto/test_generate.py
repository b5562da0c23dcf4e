"""The generated code is what proto/ makes, and whoever forgets to make it anew is told."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "generate.py"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_committed_is_in_order() -> None:
    finished = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 0, finished.stderr


def test_every_kind_of_drift_is_named(generate: ModuleType, tmp_path: Path) -> None:
    committed = tmp_path / "borgerting"
    shutil.copytree(ROOT / "gen" / "borgerting", committed, ignore=shutil.ignore_patterns("__pycache__"))
    made = tmp_path / "made"
    generate.generate(made)
    assert generate.differences(made, committed) == []
    changed = committed / "deliberation/v1/events_pb2.py"
    changed.write_text(changed.read_text() + "# by hand\n")
    (committed / "deliberation/v1/events_pb2.pyi").unlink()
    (committed / "deliberation/v1/forgotten_pb2.py").touch()
    assert generate.differences(made, committed) == [
        "missing: deliberation/v1/events_pb2.pyi",
        "not made from proto/: deliberation/v1/forgotten_pb2.py",
        "differs: deliberation/v1/events_pb2.py",
    ]


def test_the_top_is_a_namespace_and_each_service_is_typed() -> None:
    top = ROOT / "gen" / "borgerting"
    assert not (top / "__init__.py").exists()
    services = [path for path in top.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert services
    assert all((service / "py.typed").exists() for service in services)


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        ("rpc CreateSignInLink(", "rpc createSignInLink(", "PascalCase"),
        ("STATE_UNSPECIFIED = 0", "STATE_NONE = 0", "UNSPECIFIED"),
        ("string display_name", "string displayName", "lower_snake_case"),
    ],
)
def test_the_lint_holds(
    generate: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    was: str,
    becomes: str,
    rule: str,
) -> None:
    copy = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", copy)
    for path in (copy / "borgerting/deliberation").rglob("*.proto"):
        path.write_text(path.read_text().replace(was, becomes))
    monkeypatch.setattr(generate, "PROTO", copy)
    assert not generate.check()
    assert rule in capsys.readouterr().err


@pytest.mark.parametrize(
    ("was", "becomes", "word"),
    [
        ("  string digest = 2;\n", "", 'Previously present field "2"'),
        ("  string digest = 2;\n", "  string digest = 2;\n  string more = 3;\n", ""),
    ],
    ids=["a field gone", "a field more"],
)
def test_a_released_contract_is_kept(
    generate: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    was: str,
    becomes: str,
    word: str,
) -> None:
    copy = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", copy)
    monkeypatch.setattr(generate, "PROTO", copy)
    generate.release()
    events = copy / "borgerting/deliberation/v1/events.proto"
    assert was in events.read_text()
    events.write_text(events.read_text().replace(was, becomes))
    assert not generate.check()  # gen/ is not made anew, in each of these cases
    said = capsys.readouterr().err
    assert word in said
    assert ("buf breaking" in said) == bool(word)


def test_protocs_own_words_reach_who_made_the_mistake(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", copy)
    events = copy / "borgerting/deliberation/v1/events.proto"
    events.write_text(events.read_text() + "\nmessage {")
    monkeypatch.setattr(generate, "PROTO", copy)
    with pytest.raises(SystemExit, match=r"events\.proto"):
        generate.generate(tmp_path / "out")
