"""The commands as a shell runs them, alone and beside a running suite."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest

from chassis import cli
from chassis.auth.keys import FileKeys
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import SuiteSettings
from tests.component.deliberation.conftest import House

BORGERTING = Path(sys.executable).with_name("borgerting")


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    return subprocess.run(
        [BORGERTING, *arguments],
        env={**clean, "BORGERTING_DATA_DIR": str(folder), "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_entering_and_listing_on_a_new_folder(tmp_path: Path) -> None:
    made = run(tmp_path, "municipality", "create", "dragoer", "--name", "Dragør Kommune")
    assert (made.returncode, made.stdout) == (0, "municipalities/dragoer\n"), made.stderr
    second = run(
        tmp_path, "municipality", "create", "ilulissat", "--name", "Ilulissat", "--time-zone", "America/Nuuk",
        "--language", "da",
    )  # fmt: skip
    assert second.returncode == 0
    listed = run(tmp_path, "municipality", "list")
    assert listed.stdout == (
        "dragoer\tDragør Kommune\tEurope/Copenhagen\tda,en\tACTIVE\n"
        "ilulissat\tIlulissat\tAmerica/Nuuk\tda\tACTIVE\n"
    )


def test_holding_one_still_and_serving_it_again(tmp_path: Path) -> None:
    run(tmp_path, "municipality", "create", "dragoer", "--name", "Dragør Kommune")
    held = run(tmp_path, "municipality", "suspend", "dragoer", "--reason", "contract ended, case 2026-117")
    assert (held.returncode, held.stdout, held.stderr) == (0, "", "")
    again = run(tmp_path, "municipality", "suspend", "dragoer", "--reason", "once more")
    assert (again.returncode, again.stdout) == (1, "")
    assert "cannot be suspended" in again.stderr
    wordless = run(tmp_path, "municipality", "resume", "dragoer", "--reason", " ")
    assert (wordless.returncode, wordless.stdout) == (2, "")
    assert "in one line why" in wordless.stderr
    assert run(tmp_path, "municipality", "resume", "dragoer", "--reason", "renewed").returncode == 0
    with sqlite3.connect(tmp_path / "deliberation.sqlite3") as store:
        rows = store.execute("SELECT municipality, action, details FROM audit_log ORDER BY seq").fetchall()
    store.close()
    assert [(*row[:2], json.loads(row[2]).get("reason")) for row in rows] == [
        ("", "municipality.create", None),
        ("dragoer", "municipality.suspend", "contract ended, case 2026-117"),
        ("dragoer", "municipality.resume", "renewed"),
    ]


def test_beside_a_running_suite(house: House) -> None:
    made = run(house.folder, "municipality", "create", "dragoer", "--name", "Dragør Kommune")
    assert made.returncode == 0, made.stderr
    assert "Borgerting i Dragør Kommune" in house.http.get("/").text
    port = str(httpx.URL(house.addresses.http).port)
    link = run(
        house.folder, "sign-in-link", "--municipality", "dragoer", "--subject", "staff-7",
        BORGERTING_HTTP_PORT=port,
    )  # fmt: skip
    assert (link.returncode, link.stderr) == (0, "")
    uri = link.stdout.strip()
    assert uri.startswith(f"{house.addresses.http}/deliberation/sign-in/")
    assert house.http.get(uri).status_code == 200
    token = run(house.folder, "token", "--municipality", "dragoer", "--role", "secretariat", "--hours", "1")
    assert token.returncode == 0
    answer = house.http.patch(
        "/deliberation/api/v1/municipalities/dragoer",
        json={"displayName": "Dragør"},
        headers={"authorization": f"Bearer {token.stdout.strip()}"},
    )
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Dragør")
    with sqlite3.connect(house.folder / "deliberation.sqlite3") as store:
        rows = store.execute("SELECT subject, action, details FROM audit_log ORDER BY seq").fetchall()
    store.close()
    assert [row[:2] for row in rows] == [
        ("command-line", "municipality.create"),
        ("command-line", "sign_in_link.create"),
        ("command-line-token", "municipality.update"),
    ]
    assert '"staff-7"' in rows[1][2]


def test_a_municipality_is_told_again(house: House) -> None:
    house.enter("dragoer", "Dragør")
    told = run(house.folder, "events", "re-emit", "deliberation", "municipalities/dragoer")
    assert (told.returncode, told.stderr) == (0, "")
    with sqlite3.connect(house.folder / "deliberation.sqlite3") as store:
        rows = store.execute("SELECT headers, payload, municipality FROM outbox ORDER BY seq").fetchall()
        acts = store.execute("SELECT subject, action, resource FROM audit_log ORDER BY seq").fetchall()
    store.close()
    (first, again) = ({**json.loads(row[0]), "payload": row[1], "municipality": row[2]} for row in rows)
    assert again["ce_id"] == told.stdout.strip()
    assert (again["ce_snapshot"], again["ce_sequence"]) == ("true", first["ce_sequence"])
    assert (again["payload"], again["municipality"]) == (first["payload"], "dragoer")
    assert acts[-1] == ("command-line", "events.re-emit", "municipalities/dragoer")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one municipality, which no test here changes."""
    made = tmp_path_factory.mktemp("data")
    assert run(made, "municipality", "create", "dragoer", "--name", "Dragør").returncode == 0
    return made


def test_tokens_say_who_and_how_long(folder: Path) -> None:
    made = run(
        folder, "token", "--municipality", "dragoer", "--role", "integrator", "--subject", "esdh-1",
        "--hours", "48",
    )  # fmt: skip
    token = made.stdout.strip()
    tokens = LocalTokens(FileKeys(folder, SystemClock()), SystemClock())
    assert tokens.verify(token) == Principal("esdh-1", "dragoer", frozenset({Role.INTEGRATOR}))
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 48 * 3600


def test_every_role_can_have_a_token(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BORGERTING_DATA_DIR", str(folder))
    tokens = LocalTokens(FileKeys(folder, SystemClock()), SystemClock())
    for role in GRANTED_ROLES:
        place = None if role is Role.OPERATOR else "dragoer"
        options = ["--municipality", place] if place else []
        assert cli.run(["token", "--role", role.value, *options]) == 0
        assert tokens.verify(capsys.readouterr().out.strip()) == Principal(
            "command-line-token", place, frozenset({role})
        )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["municipality", "create", "api", "--name", ""], 2, ["SLUG: api is taken", "--name: Write the"]),
        (["municipality", "create", "dragoer", "--name", "x"], 1, ["already is a municipality"]),
        (["municipality", "create"], 2, ["Missing argument"]),
        (["token", "--role", "secretariat"], 2, ["--municipality SLUG"]),
        (["token", "--role", "operator", "--municipality", "dragoer"], 2, ["leave --municipality out"]),
        (["token", "--role", "wizard"], 2, ["wizard"]),
        (["token", "--role", "service"], 2, ["'service' is none of secretariat, officer"]),
        (["sign-in-link", "--role", "service"], 2, ["'service' is none of"]),
        (["token", "--role", "member"], 2, ["--municipality SLUG"]),
        (
            ["token", "--role", "secretariat", "--municipality", "nowhere"],
            1,
            ["no such municipality", "`borgerting municipality create nowhere"],
        ),
        (["token", "--role", "operator", "--subject", "Anna Hansen"], 2, ["--subject"]),
        (["events", "re-emit", "deliberation", "municipalities/nowhere"], 1, ["no such municipality"]),
        (["events", "re-emit", "deliberation", "dragoer"], 2, ["municipalities/{municipality}"]),
        (["events", "re-emit", "registry", "municipalities/dragoer"], 2, ["deliberation, "]),
        (["sign-in-link", "--municipality", "nowhere"], 1, ["no such municipality", "municipality list"]),
        (["sign-in-link", "--municipality", "Dragør"], 2, ["--municipality"]),
        (["sign-in-link", "--municipality", "dragoer", "--minutes", "0"], 2, ["--minutes"]),
        (["sign-in-link", "--municipality", "dragoer", "--role", "integrator"], 2, ["--role"]),
    ],
)
def test_what_is_refused_and_how(
    folder: Path,
    arguments: list[str],
    code: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BORGERTING_DATA_DIR", str(folder))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    returned = cli.run(arguments)
    captured = capsys.readouterr()
    assert (returned, captured.out) == (code, ""), captured.err
    for word in words:
        assert word in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    "arguments", [["municipality", "list"], ["token", "--role", "operator"], ["sign-in-link"], ["migrate"]]
)
def test_a_data_folder_whose_store_is_none_says_what_to_do(
    tmp_path: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BORGERTING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "deliberation.sqlite3").write_text("no database, but somebody's notes\n" * 40)
    assert cli.run(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "deliberation.sqlite3 cannot be used as a store" in captured.err
    assert "restore it from a backup" in captured.err


def test_production_makes_no_token_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BORGERTING_DATA_DIR", str(folder))
    # All else of that profile asks for servers that this question does not need.
    monkeypatch.setattr(SuiteSettings, "local_sign_in", property(lambda self: False))
    assert cli.run(["token", "--municipality", "dragoer", "--role", "integrator"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, "the OpenID provider's" in captured.err) == ("", True)
    assert cli.run(["sign-in-link", "--municipality", "dragoer", "--role", "officer"]) == 2
    assert "facilitator, adviser, member" in capsys.readouterr().err


def test_a_link_needs_the_sites_address(tmp_path: Path) -> None:
    refused = run(tmp_path, "sign-in-link", BORGERTING_HTTP_PORT="0")
    assert refused.returncode == 2
    assert "BORGERTING_BASE_URL" in refused.stderr
    given = run(tmp_path, "sign-in-link", BORGERTING_BASE_URL="https://borgerting.example.dk")
    assert given.stdout.startswith("https://borgerting.example.dk/deliberation/sign-in/")


def test_settings_of_deliberation_are_checked(tmp_path: Path) -> None:
    refused = run(tmp_path, "sign-in-link", BORGERTING_DELIBERATION__SIGN_IN_LINK_MINUTES="0")
    assert refused.returncode == 2
    assert "BORGERTING_DELIBERATION__SIGN_IN_LINK_MINUTES" in refused.stderr
