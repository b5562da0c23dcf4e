"""Every ending of a command is an exit code, and a defect quotes nothing of what it was working on."""

from __future__ import annotations

import pytest
import typer

from services.sortition.commands.terminal import Exit, Refusal, guarded, interruptible, language


def test_a_defect_ends_with_70_and_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def broken() -> None:
        raise ValueError("Hemmelig Person, Skjult Vej 7")

    with pytest.raises(typer.Exit) as ending:
        broken()
    assert ending.value.exit_code == Exit.DEFECT
    told = capsys.readouterr()
    assert told.out == ""
    assert "ValueError" in told.err
    assert "test_terminal.py" in told.err
    assert "Hemmelig" not in told.err
    assert "Traceback" not in told.err


def test_too_little_memory_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def hungry() -> None:
        raise MemoryError

    with pytest.raises(typer.Exit) as ending:
        hungry()
    assert ending.value.exit_code == Exit.DEFECT
    assert "memory" in capsys.readouterr().err


@pytest.mark.parametrize("result", [True, False])
def test_a_refusal_prints_where_it_belongs(capsys: pytest.CaptureFixture[str], result: bool) -> None:
    @guarded
    def refuse() -> None:
        raise Refusal(Exit.INFEASIBLE, ["why"], result=result)

    with pytest.raises(typer.Exit) as ending:
        refuse()
    assert ending.value.exit_code == 3
    told = capsys.readouterr()
    assert (told.out if result else told.err) == "why\n"


def test_work_in_a_thread_gives_its_result_or_its_error() -> None:
    assert interruptible(lambda: 7) == 7
    with pytest.raises(KeyError):
        interruptible(lambda: {"a": 1}["x"])


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {}, "en"),
        ([], {"LANG": "da_DK.UTF-8"}, "da"),
        ([], {"LANG": "da_DK.UTF-8", "LC_ALL": "C"}, "en"),
        (["--language", "da"], {}, "da"),
        (["x", "--language=en"], {"LANG": "da"}, "en"),
        (["--language"], {}, "en"),
        (["--language", "fr"], {"LANG": "da"}, "da"),
    ],
)
def test_the_language_is_the_option_else_the_environments(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language(arguments) == expected
