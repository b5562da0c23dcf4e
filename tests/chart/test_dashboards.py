"""Grafana's dashboards are what their code makes, and come to Grafana as its sidecar wants them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from deploy.dashboards.__main__ import FOLDER, files
from tests.chart.rendering import CASES, NAMESPACE, RELEASE, Object, merged, objects, of_kind

BOARDS = files()


def config_maps(values: Object) -> dict[str, Object]:
    return {
        name: one
        for name, one in of_kind(objects(values), "ConfigMap").items()
        if name.endswith("-dashboard")
    }


def test_the_files_are_what_the_code_makes() -> None:
    """`python -m deploy.dashboards` writes them."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == BOARDS


def test_each_comes_in_a_config_map_of_its_own() -> None:
    found = config_maps(CASES["98 municipalities"])
    assert len(found) == len(BOARDS) == 5
    told = {}
    for name, one in found.items():
        assert name.startswith(f"{RELEASE}-")
        assert one["metadata"]["namespace"] == NAMESPACE
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"] == {"grafana_folder": "Borgerting"}
        told |= one["data"]
    # Whatever Helm would take for a template of its own is Grafana's, and stays as it is.
    assert {name: json.loads(text) for name, text in told.items()} == {
        name: json.loads(text) for name, text in BOARDS.items()
    }


def test_the_label_and_the_folder_are_the_operators() -> None:
    own = {"dashboards": {"label": "example.org/dashboard", "labelValue": "", "folder": ""}}
    for one in config_maps(merged(CASES["98 municipalities"], {"monitoring": own})).values():
        assert one["metadata"]["labels"]["example.org/dashboard"] == ""
        assert "annotations" not in one["metadata"]


@pytest.mark.parametrize("values", [{"enabled": False}, {"dashboards": {"enabled": False}}])
def test_nobody_gets_them_unasked(values: Object) -> None:
    assert not config_maps(merged(CASES["98 municipalities"], {"monitoring": values}))


def panels(board: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(BOARDS[board])["panels"] if one["type"] != "row"]


@pytest.mark.parametrize("board", BOARDS)
def test_each_panel_says_what_one_learns_from_it(board: str) -> None:
    found = panels(board)
    assert len(found) >= 8
    assert len({one["title"] for one in found}) == len(found)
    for one in found:
        assert re.search(r"\w{3}.*[.]$", one["description"]), one["title"]
        assert one["datasource"]["uid"] == "${source}"
        for target in one["targets"]:
            assert 'namespace=~"$namespace"' in target["expr"], one["title"]
    ids = [one["id"] for one in json.loads(BOARDS[board])["panels"]]
    assert len(set(ids)) == len(ids)


def test_a_secretariats_is_the_same_in_both_languages() -> None:
    danish, english = (panels(f"borgerting-municipality-{language}.json") for language in ("da", "en"))
    assert [[target["expr"] for target in one["targets"]] for one in danish] == [
        [target["expr"] for target in one["targets"]] for one in english
    ]
    assert not {one["title"] for one in danish} & {one["title"] for one in english}
    # It shows one municipality, and of no other anything.
    for one in danish:
        for target in one["targets"]:
            selectors = re.findall(r"\{([^}]*)\}", target["expr"])
            assert selectors
            assert all('municipality="$municipality"' in each for each in selectors)
