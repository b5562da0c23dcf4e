"""Writes the chart's dashboards; `--check` fails when they are stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.dashboards import events, overview, secretariat, service
from deploy.dashboards.panels import Board

FOLDER = Path(__file__).resolve().parents[1] / "helm/borgerting/files/dashboards"


def boards() -> list[Board]:
    return [
        overview.made(),
        service.made(),
        events.made(),
        secretariat.made("da"),
        secretariat.made("en"),
    ]


def files() -> dict[str, str]:
    """File name -> what must be in it."""
    return {
        f"{board.name}.json": json.dumps(
            board.made.build(), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for board in boards()
    }


def main() -> int:
    wanted = files()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    if "--check" in sys.argv:
        if there != wanted:
            sys.stderr.write("deploy/helm/borgerting/files/dashboards is stale: run `make generate`.\n")
            return 1
        return 0
    FOLDER.mkdir(exist_ok=True)
    for name in there.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
