"""Engines in a child process: answers, typed errors, memory limit, cancelling, death of the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from chassis.errors import Code, DomainError, FieldViolation
from chassis.jobs_process import ChildCancelled, ChildFailed, run_in_child

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)


class Shown:
    def __init__(self) -> None:
        self.stages: list[tuple[str, Mapping[str, str]]] = []

    def __call__(self, stage: str, details: Mapping[str, str]) -> None:
        self.stages.append((stage, details))


def run(name: str, payload: bytes = b"", **options: object) -> tuple[bytes, Shown]:
    shown = Shown()
    given = {"cancelled": lambda: False, "on_progress": shown, **options}
    return run_in_child(f"engines:{name}", payload, **given), shown  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone_within(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


def test_the_answer_and_the_progress_come_back() -> None:
    answer, shown = run("echo", b"abc")
    assert answer == b"cba"
    assert shown.stages == [("half", {"done": "1"}), ("whole", {"done": "2"})]


@pytest.mark.parametrize("size", [0, 1, 10_000_000])
def test_any_size_goes_both_ways(size: int) -> None:
    payload = os.urandom(size)
    assert run("echo", payload)[0] == payload[::-1]


def test_it_is_another_process_with_one_thread_for_linear_algebra() -> None:
    assert run("is_parent")[0] == b"no"
    assert run("threads")[0] == b"1"


def test_a_refusal_crosses_back_as_it_was() -> None:
    with pytest.raises(DomainError) as refused:
        run("refuse")
    error = refused.value
    assert (error.code, error.reason, error.metadata) == (
        Code.FAILED_PRECONDITION,
        "TARGETS_INFEASIBLE",
        {"size": "36"},
    )
    assert error.violations == (FieldViolation("targets[0].min", "MIN_TOO_LARGE", {"pool": "3"}),)


def test_another_failure_tells_where_and_not_what() -> None:
    with pytest.raises(ChildFailed) as failed:
        run("fail")
    told = "\n".join([str(failed.value), *failed.value.trace])
    assert "KeyError" in told
    assert "engines.py" in told
    assert "Anna" not in told


def test_an_engine_that_does_not_exist_fails() -> None:
    with pytest.raises(ChildFailed) as failed:
        run("nothing_of_that_name")
    assert failed.value.trace[0] == "builtins.AttributeError"


def test_too_much_memory_is_refused_by_name() -> None:
    with pytest.raises(DomainError) as refused:
        run("eat", str(2 << 30).encode(), memory_limit=1 << 30)
    assert (refused.value.code, refused.value.reason) == (Code.RESOURCE_EXHAUSTED, "JOB_MEMORY_EXCEEDED")
    assert refused.value.metadata == {"limit_mib": "1024"}


def test_within_the_memory_limit_it_works() -> None:
    assert len(run("eat", b"1000", memory_limit=1 << 30)[0]) == 1000


def test_native_code_that_aborts_for_want_of_memory() -> None:
    with pytest.raises(DomainError) as refused:
        run("die", str(int(signal.SIGABRT)).encode(), memory_limit=1 << 30)
    assert refused.value.reason == "JOB_MEMORY_EXCEEDED"


def test_a_killed_child_is_a_failure_that_names_the_signal() -> None:
    with pytest.raises(ChildFailed, match="SIGKILL"):
        run("die", str(int(signal.SIGKILL)).encode())


def test_cancelling_kills_it_at_once() -> None:
    shown = Shown()
    started = time.monotonic()
    with pytest.raises(ChildCancelled):
        run("sleep", on_progress=shown, cancelled=lambda: bool(shown.stages))
    assert time.monotonic() - started < 10
    assert not alive(int(shown.stages[0][1]["pid"]))


def test_an_error_while_showing_progress_kills_it_too() -> None:
    pids = []

    def lost(stage: str, details: Mapping[str, str]) -> None:
        pids.append(int(details["pid"]))
        raise RuntimeError("lease lost")

    with pytest.raises(RuntimeError, match="lease lost"):
        run("sleep", on_progress=lost)
    assert not alive(pids[0])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the child waits until it reads its pipe")
def test_it_dies_with_its_parent() -> None:
    code = (
        "from chassis.jobs_process import run_in_child\n"
        "run_in_child('engines:sleep', b'', cancelled=lambda: False,\n"
        "    on_progress=lambda stage, details: print(details['pid'], flush=True))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    assert gone_within(child, 5)
