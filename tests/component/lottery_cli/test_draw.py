"""`draw`: every file, the same whatever the order of rows, whole or not at all."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from .conftest import COMMAND, SIZE, TARGETS, Case, lottery, read, respondents, write

FILES = {
    "panel.csv",
    "remaining.csv",
    "chances.csv",
    "panels.csv",
    "receipts.csv",
    "record.json",
    "audit.json",
    "report.html",
}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_draw_writes_every_file_and_they_fit_each_other(drawn: Case) -> None:
    out = drawn.folder / "out"
    assert names(out) == FILES | {"record.json.sig"}
    given = read(drawn.respondents)
    panel, remaining = read(out / "panel.csv"), read(out / "remaining.csv")
    assert panel[0] == remaining[0] == given[0]
    assert sorted(panel[1:] + remaining[1:]) == sorted(given[1:])
    chances, panels = read(out / "chances.csv"), read(out / "panels.csv")
    assert chances[0] == ["id", "optimal", "drawn"]
    assert sorted(row[0] for row in chances[1:]) == sorted(row[0] for row in given[1:])
    assert all(re.fullmatch(r"[01]\.[0-9]{12}", cell) for row in chances[1:] for cell in row[1:])
    assert [row[0] for row in panels] == [str(number) for number in range(50)]
    assert all(len(set(row[1:])) == int(SIZE) for row in panels)
    seats = Counter(person for row in panels for person in row[1:])
    assert all(Decimal(row[2]) == Decimal(seats[row[0]]) / 50 for row in chances[1:])
    assert abs(sum(Decimal(row[1]) for row in chances[1:]) - int(SIZE)) < Decimal("1e-9")
    record = json.loads((out / "record.json").read_bytes())
    number = record["number"]["value"]
    assert sorted(row[0] for row in panel[1:]) == panels[number][1:]
    receipts = read(out / "receipts.csv")
    assert [row[0] for row in receipts[1:]] == [row[0] for row in given[1:]]
    assert not set(record["outcome"]) & set(seats)


def test_every_panel_meets_every_target(drawn: Case) -> None:
    values = {row[0]: (row[2], row[3]) for row in read(drawn.respondents)[1:]}
    limits = [line.split(",") for line in TARGETS.splitlines()[1:]]
    for row in read(drawn.folder / "out" / "panels.csv"):
        counts = Counter(value for person in row[1:] for value in values[person])
        assert all(int(low) <= counts[value] <= int(high) for _, value, low, high, _ in limits)


def test_the_files_do_not_depend_on_the_order_of_rows(case: Case) -> None:
    rows = respondents()
    generator = random.Random(7)
    shuffled = [rows[0], *generator.sample(rows[1:], len(rows) - 1)]
    lines = TARGETS.splitlines()
    (case.folder / "t2.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    write(case.folder / "r2.csv", shuffled, delimiter=";", encoding="utf-16")
    assert case.draw("a").code == 0
    other = Case(case.folder, case.folder / "r2.csv", case.folder / "t2.csv")
    assert other.draw("b").code == 0
    first, second = case.folder / "a", case.folder / "b"
    for name in ("chances.csv", "panels.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    for name in ("panel.csv", "remaining.csv"):
        assert sorted(read(first / name)) == sorted(read(second / name))
    audits = [json.loads((folder / "audit.json").read_bytes()) for folder in (first, second)]
    assert audits[0]["lottery"] == audits[1]["lottery"]
    assert audits[0]["stages"] == audits[1]["stages"]
    # Salts and random ids are fresh for each draw, not the seed's.
    ids = [{person["random_id"] for person in audit["people"]} for audit in audits]
    assert not ids[0] & ids[1]


def test_another_seed_draws_other_panels_with_the_same_chances(drawn: Case, tmp_path: Path) -> None:
    out = tmp_path / "other"
    result = lottery("draw", *drawn.options, "--seed", "t", "--out", out, "--panels", "50")
    assert result.code == 0
    assert (out / "panels.csv").read_bytes() != (drawn.folder / "out" / "panels.csv").read_bytes()
    columns = [[row[1] for row in read(folder / "chances.csv")] for folder in (out, drawn.folder / "out")]
    assert columns[0] == columns[1]


def test_results_go_to_stdout_and_progress_to_stderr(case: Case) -> None:
    result = case.draw("out")
    assert "this panel of 7 is drawn" in result.out
    assert "no impartiality" in result.out
    assert "Respondents: text, UTF-8, separated by commas, 60 rows." in result.err
    assert "UTF-8" not in result.out


def test_addresses_lists_and_a_limit_are_kept(case: Case) -> None:
    rows = read(case.respondents)[1:]
    must, barred = rows[5][0], rows[6][0]
    (case.folder / "in.txt").write_text(f"{must}\n")
    (case.folder / "ex.txt").write_text(f"id\n{barred}\n")
    result = case.draw(
        "out",
        "--address",
        "street,post",
        "--include",
        case.folder / "in.txt",
        "--exclude",
        case.folder / "ex.txt",
    )
    assert result.code == 0, result.text
    homes = {row[0]: row[4] for row in rows}
    for _, *panel in read(case.folder / "out" / "panels.csv"):
        streets = [homes[person] for person in panel if homes[person]]
        assert len(streets) == len(set(streets))
        assert must in panel
        assert barred not in panel
    chances = {row[0]: row[1:] for row in read(case.folder / "out" / "chances.csv")}
    assert chances[must] == ["1.000000000000"] * 2
    assert chances[barred] == ["0.000000000000"] * 2
    assert barred in [row[0] for row in read(case.folder / "out" / "remaining.csv")]


def test_two_per_address_are_allowed_when_asked(case: Case) -> None:
    result = case.draw("out", "--address", "post", "--per-address", "7")
    assert result.code == 0, result.text
    assert case.draw("none", "--address", "post").code == 3


@pytest.mark.parametrize("method", ["maximin", "legacy"])
def test_the_other_methods_draw_records_that_hold(case: Case, method: str) -> None:
    assert case.draw("out", "--method", method).code == 0
    out = case.folder / "out"
    assert json.loads((out / "record.json").read_bytes())["method"] == method
    assert lottery("verify", out / "record.json", "--audit", out / "audit.json").code == 0


def test_who_fits_no_panel_is_named_and_has_no_chance(case: Case) -> None:
    rows = respondents()
    rows.append(["odd", "Odd One", "other", "old", "", ""])
    write(case.respondents, rows)
    case.targets.write_text(TARGETS + "gender,other,0,0,\n")
    result = case.draw("out")
    assert result.code == 0
    assert "odd (other / old), because of: at most 0 with gender “other”" in result.out
    assert "Odd One" not in result.text
    assert ["odd", "0.000000000000", "0.000000000000"] in read(case.folder / "out" / "chances.csv")


def test_a_formula_leaves_neutralised_and_a_phone_number_as_it_is(case: Case) -> None:
    rows = [[*row, "phone" if i == 0 else "+45 12 34 56 78"] for i, row in enumerate(respondents())]
    for row in rows[1:]:
        row[1] = "=HYPERLINK(1)"
    write(case.respondents, rows)
    assert case.draw("out").code == 0
    for name in ("panel.csv", "remaining.csv"):
        for row in read(case.folder / "out" / name)[1:]:
            assert row[1] == "'=HYPERLINK(1)"
            assert row[6] == "+45 12 34 56 78"


def test_a_workbook_with_another_id_column_is_drawn(case: Case) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in respondents():
        sheet.append([row[1], row[0], *row[2:]])
    sheet.title = "People"
    sheet["B1"] = "Nr"
    book.save(case.folder / "r.xlsx")
    other = Case(case.folder, case.folder / "r.xlsx", case.targets)
    result = other.draw("out", "--id", "nr")
    assert result.code == 0, result.text
    assert "workbook, sheet “People”, 60 rows" in result.err
    assert read(case.folder / "out" / "panel.csv")[0][:2] == ["name", "Nr"]
    assert case.draw("csv").code == 0
    assert read(case.folder / "out" / "chances.csv") == read(case.folder / "csv" / "chances.csv")


def test_only_a_new_or_an_empty_folder_is_written_to(case: Case) -> None:
    (case.folder / "full").mkdir()
    (case.folder / "full" / "x").write_text("mine")
    (case.folder / "file").write_text("mine")
    (case.folder / "empty").mkdir()
    for name in ("full", "file"):
        result = case.draw(name)
        assert result.code == 2
        assert "new or an empty folder" in result.err
        assert result.out == ""
    assert names(case.folder / "full") == {"x"}
    assert (case.folder / "file").read_text() == "mine"
    assert case.draw("empty").code == 0
    assert names(case.folder / "empty") == FILES
    assert case.draw("deep/er").code == 0
    assert not [name for name in names(case.folder) if name.endswith(".partial")]


def test_a_folder_that_cannot_be_written_is_refused(case: Case) -> None:
    result = lottery("draw", *case.options, "--seed", "s", "--panels", "50", "--out", "/proc/nowhere/out")
    assert result.code == 2
    assert "cannot be written" in result.err


def test_bad_input_is_told_all_at_once_and_leaves_nothing(case: Case) -> None:
    rows = respondents()
    rows[3][2] = "femal"
    rows[4][0] = rows[5][0]
    write(case.respondents, rows)
    result = case.draw(
        "out", "--address", "strete", "--sign", case.targets, "--include", case.folder / "none.txt", seed=" "
    )
    assert result.code == 2
    assert result.out == ""
    for words in (
        "6 errors",
        "“femal” has no target",
        "already stands in row 5",
        "“strete”",
        "not an Ed25519 private key",
        "Must be drawn: There is no such file",
        "The seed is empty",
    ):
        assert words in result.err
    assert not (case.folder / "out").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--panels", "0"], "0 panels are no lottery"),
        (["--per-address", "2"], "no address column was named"),
        (["--address", "street", "--per-address", "0"], "would leave nobody"),
        (["--size", "61"], "61 seats, but the pool has 60"),
        (["--size", "0"], "panel of 0 seats"),
        (["--size", "3"], "add up to 6, more than the 3 seats"),
        (["--size", "x"], "--size"),
        (["--method", "best"], "--method"),
        (["--nonsense"], "--nonsense"),
        (["--id", "nr"], "no column “nr”"),
    ],
)
def test_wrong_options_end_with_2(case: Case, more: list[str], words: str) -> None:
    result = case.draw("out", *more)
    assert result.code == 2
    assert words in result.err
    assert not (case.folder / "out").exists()


def test_an_option_that_is_no_text_ends_with_2(case: Case) -> None:
    arguments = [*COMMAND, "draw", *case.options, "--out", str(case.folder / "out"), "--seed", b"\xff\xfe"]
    done = subprocess.run(
        arguments, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False, timeout=120
    )
    assert done.returncode == 2
    assert b"no text in UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (case.folder / "out").exists()


def test_infeasible_targets_end_with_3_and_ranked_cures(case: Case) -> None:
    case.targets.write_text(TARGETS.replace("age,old,2,3", "age,old,0,1"))
    result = case.draw("out", "--size", "8")
    assert result.code == 3
    assert "Infeasible: no panel of 8 meets every target." in result.err
    assert re.search(r"^ 1\. .* Then \d+ of 60 people can be drawn", result.err, re.MULTILINE)
    assert not (case.folder / "out").exists()


def test_ctrl_c_ends_with_130_and_leaves_nothing(case: Case) -> None:
    generator = random.Random(1)
    features = {f"f{i}": [f"v{j}" for j in range(3)] for i in range(9)}
    rows = [["id", *features]]
    rows += [[str(i), *(generator.choice(values) for values in features.values())] for i in range(1500)]
    write(case.respondents, rows)
    lines = [f"{feature},{value},30,40" for feature, values in features.items() for value in values]
    case.targets.write_text("feature,value,min,max\n" + "\n".join(lines))
    options = [*case.options[:-1], "105", "--seed", "s", "--out", str(case.folder / "out")]
    with subprocess.Popen(
        [*COMMAND, "draw", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "en_GB.UTF-8"},
        # A shell's background job ignores SIGINT, and so would all that it starts, these tests among them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"Finding out" in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"Nothing was written" in err
    assert names(case.folder) == {"respondents.csv", "targets.csv"}
