"""The suite as a process: ready soon, small, one per data folder, killed without loss, stopped in order."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.testing.processes import SuiteProcess, running_suite

HERE = Path(__file__).parent
TOY = (sys.executable, "-m", "toyservice")
ENVIRONMENT = {"PYTHONPATH": str(HERE)}


def toy_suite(folder: Path, **environment: str) -> Any:
    return running_suite(folder, command=TOY, environment={**ENVIRONMENT, **environment})


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuiteProcess]:
    with toy_suite(tmp_path_factory.mktemp("suite")) as running:
        yield running


def wait_for(condition: Any, seconds: float = 15.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def wait_call(channel: grpc.Channel) -> Any:
    return channel.unary_unary(
        "/toy.Toy/Wait",
        request_serializer=StringValue.SerializeToString,
        response_deserializer=StringValue.FromString,
    )


def is_leaving(suite: SuiteProcess) -> bool:
    """It serves its operators still, and says that it is ready no more."""
    try:
        suite.get("/readyz", base=suite.ops)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 503
    return False


def job_of(suite: SuiteProcess, key: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(suite.get(f"/toy/job/{key}"))
    return answer


def test_the_ready_line_is_the_only_output(suite: SuiteProcess) -> None:
    assert re.fullmatch(
        r"ready http=http://127\.0\.0\.1:\d+/ grpc=127\.0\.0\.1:\d+ ops=http://127\.0\.0\.1:\d+\n",
        suite.output,
    )


def test_it_says_that_it_is_ready_and_why(suite: SuiteProcess) -> None:
    body = json.loads(suite.get("/readyz", base=suite.ops))
    assert body["ready"]
    assert {check["name"] for check in body["checks"]} == {
        "events",
        "http",
        "serving",
        "toy.jobs",
        "toy.migrations",
        "toy.relay",
        "toy.store",
        "toy.subscription.toy.heard",
    }
    assert suite.get("/livez", base=suite.ops) == "alive\n"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        suite.get("/elsewhere", base=suite.ops)


def test_the_data_folder_is_its_owner_s_alone(suite: SuiteProcess) -> None:
    assert Path(json_data_dir(suite)).stat().st_mode & 0o077 == 0


def test_it_is_small_and_loads_no_solver(suite: SuiteProcess) -> None:
    status = Path(f"/proc/{suite.process.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])  # type: ignore[index]
    assert resident < 350 * 1024
    maps = Path(f"/proc/{suite.process.pid}/maps").read_text()
    assert not re.search(r"numpy|scipy|highs", maps, re.IGNORECASE)


def test_what_is_told_is_heard(suite: SuiteProcess) -> None:
    suite.get("/toy/tell/soon")  # how soon is benchmarks.events' question
    wait_for(lambda: "soon" in json.loads(suite.get("/toy/heard"))["heard"])


def test_metrics_are_counted_once_and_name_nobody(suite: SuiteProcess) -> None:
    suite.get("/toy/tell/metrics")
    # A request is counted when its answer has gone out.
    counted = (
        'borgerting_requests_total{code="200",method="GET /toy/tell/{text}",service="toy",surface="pages"}'
    )
    wait_for(lambda: counted in suite.get("/metrics", base=suite.ops))
    # A municipality is named for as long as something of it waits.
    text = wait_for(
        lambda: (found := suite.get("/metrics", base=suite.ops)) and "hjemby" not in found and found
    )
    for name in (
        'borgerting_outbox_oldest_seconds{service="toy"}',
        'borgerting_outbox_attempts{service="toy"}',
        'borgerting_inbox_lag{consumer="toy.heard",service="toy"}',
        'borgerting_inbox_parked{consumer="toy.heard",service="toy"}',
        "borgerting_build_info{",
        "process_resident_memory_bytes",
    ):
        assert name in text


def test_grpc_answers_and_is_measured(suite: SuiteProcess) -> None:
    with grpc.insecure_channel(suite.grpc) as channel:
        assert wait_call(channel)(StringValue(value="0"), timeout=10).value == "waited"
    counted = 'code="OK",method="/toy.Toy/Wait",service="toy",surface="grpc"'
    wait_for(lambda: counted in suite.get("/metrics", base=suite.ops))


@pytest.mark.parametrize("path", ["/toy/broken", "/toy/api/v1/broken"])
def test_a_failure_shows_an_incident_and_nothing_else(suite: SuiteProcess, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as failed:
        suite.get(path)
    body = failed.value.read().decode()
    failed.value.close()
    assert failed.value.code == 500
    incident = wait_for(lambda: re.findall(r'"incident": "(\w+)"', suite.log))[-1]
    assert incident in body
    for text in (body, suite.log):
        assert "Anna" not in text
        assert "Byvej" not in text


def test_each_log_line_is_one_json_object_with_its_correlation_id(suite: SuiteProcess) -> None:
    suite.get("/toy/heard")
    lines = [json.loads(line) for line in suite.log.splitlines()]
    assert all({"event", "level", "timestamp", "logger"} <= set(line) for line in lines)
    assert all("correlation_id" in line for line in lines if line["event"] == "request")


def test_a_second_suite_on_the_same_data_is_refused(suite: SuiteProcess, tmp_path: Path) -> None:
    data = json_data_dir(suite)
    done = subprocess.run(
        TOY,
        env={**os.environ, **ENVIRONMENT, "BORGERTING_DATA_DIR": data, "BORGERTING_HTTP_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "DATA_FOLDER_IN_USE" in done.stderr


def json_data_dir(suite: SuiteProcess) -> str:
    environment = Path(f"/proc/{suite.process.pid}/environ").read_bytes().split(b"\0")
    return next(
        entry.partition(b"=")[2].decode()
        for entry in environment
        if entry.startswith(b"BORGERTING_DATA_DIR=")
    )


def test_a_killed_suite_resumes_its_job_and_finishes_it_once(tmp_path: Path) -> None:
    with toy_suite(tmp_path) as first:
        first.get("/toy/count/draw/5")
        wait_for(lambda: job_of(first, "draw")["stage"] == "counting")
        first.kill()
    with toy_suite(tmp_path, TOY_LET_GO=str(tmp_path)) as second:
        job = wait_for(lambda: (found := job_of(second, "draw"))["state"] == "SUCCEEDED" and found)
        # Begun twice with the same payload, finished once.
        assert job["work"] == ["begun 5", "begun 5", "counted 5"]
        assert job["attempts"] == 2


def test_a_kill_between_commit_and_sending_loses_and_doubles_nothing(tmp_path: Path) -> None:
    told = []
    for round_number in range(3):
        with toy_suite(tmp_path) as running:
            for number in range(5):
                text = f"{round_number}-{number}"
                running.get(f"/toy/tell/{text}")
                told.append(text)
            running.kill()
    with toy_suite(tmp_path) as running:
        heard = wait_for(
            lambda: (
                (found := json.loads(running.get("/toy/heard"))["heard"])
                and len(found) >= len(told)
                and found
            )
        )
        assert heard == told


def test_sigterm_lets_what_runs_end(tmp_path: Path) -> None:
    let_go = tmp_path / "go"
    with toy_suite(tmp_path, BORGERTING_DRAIN_SECONDS="120", TOY_LET_GO=str(let_go)) as running:
        answers: list[str] = []
        running.get("/toy/count/short/5")
        page = threading.Thread(target=lambda: answers.append(running.get("/toy/slow/100", seconds=120)))
        page.start()

        def call() -> None:
            with grpc.insecure_channel(running.grpc) as channel:
                wait = channel.unary_unary(
                    "/toy.Toy/Wait",
                    request_serializer=StringValue.SerializeToString,
                    response_deserializer=StringValue.FromString,
                )
                answers.append(wait(StringValue(value="100"), timeout=120).value)

        called = threading.Thread(target=call)
        called.start()
        running.get("/toy/tell/before")
        wait_for(lambda: running.get("/toy/busy") == "2")
        wait_for(lambda: job_of(running, "short")["stage"] == "counting")
        running.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_leaving(running))
        let_go.touch()
        assert running.process.wait(60) == 0
        page.join()
        called.join()
        assert sorted(answers) == ["slept", "waited"]
        last = json.loads(running.log.splitlines()[-1])
        assert last["event"] == "stopped"
        assert (last["http_drained"], last["grpc_drained"]) == (True, True)
        assert (last["jobs_still_running"], last["events_unsent"]) == (0, 0)
    with toy_suite(tmp_path) as running:
        assert job_of(running, "short")["state"] == "SUCCEEDED"
        assert "before" in json.loads(running.get("/toy/heard"))["heard"]


def test_what_cannot_end_in_time_is_put_back_and_resumed(tmp_path: Path) -> None:
    with toy_suite(tmp_path, BORGERTING_DRAIN_SECONDS="1") as running:
        running.get("/toy/count/long/5")
        wait_for(lambda: job_of(running, "long")["stage"] == "counting")
        assert running.terminate() == 0
    [store] = tmp_path.rglob("toy.sqlite3")
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT state FROM jobs").fetchall() == [("QUEUED",)]
    with toy_suite(tmp_path, TOY_LET_GO=str(tmp_path)) as running:
        job = wait_for(lambda: (found := job_of(running, "long"))["state"] == "SUCCEEDED" and found, 60)
        assert job["attempts"] == 1  # an ordered stop costs no attempt


def test_readiness_ends_when_a_stop_begins(tmp_path: Path) -> None:
    let_go = tmp_path / "go"
    with toy_suite(tmp_path, BORGERTING_DRAIN_SECONDS="120", TOY_LET_GO=str(let_go)) as running:
        page = threading.Thread(target=lambda: running.get("/toy/slow/100", seconds=120))
        page.start()
        wait_for(lambda: running.get("/toy/busy") == "1")
        running.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_leaving(running))
        assert page.is_alive()
        let_go.touch()
        page.join()
        assert running.process.wait(60) == 0


def test_it_answers_on_while_others_learn_that_it_leaves(tmp_path: Path) -> None:
    states = health_pb2.HealthCheckResponse
    with toy_suite(tmp_path, BORGERTING_NOTICE_SECONDS="60") as running:
        site = urlsplit(running.http)
        with (
            closing(http.client.HTTPConnection(str(site.hostname), site.port, timeout=30)) as pages,
            grpc.insecure_channel(running.grpc) as channel,
        ):

            def ask() -> tuple[int, str | None]:
                pages.request("GET", "/toy/busy")
                answer = pages.getresponse()
                answer.read()
                return answer.status, answer.getheader("connection")

            assert ask() == (200, None)
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
            assert next(watch).status == states.SERVING
            running.process.send_signal(signal.SIGTERM)
            assert next(watch).status == states.NOT_SERVING
            with pytest.raises(urllib.error.HTTPError, match="503"):
                running.get("/readyz", base=running.ops)
            assert ask() == (200, "close")  # on the old connection, whose last answer this is
            assert running.get("/toy/busy") == "0"
            assert wait_call(channel)(StringValue(value="0"), timeout=10).value == "waited"
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 1


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with toy_suite(tmp_path, BORGERTING_DRAIN_SECONDS="60") as running:
        running.get("/toy/count/long/5")
        wait_for(lambda: job_of(running, "long")["stage"] == "counting")
        running.process.send_signal(signal.SIGINT)
        wait_for(lambda: is_leaving(running))
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 1


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            running_suite(
                tmp_path,
                command=TOY,
                environment={**ENVIRONMENT, "BORGERTING_HTTP_PORT": str(port)},
                ready=False,
            ) as running,
        ):
            assert running.process.wait(30) != 0
            assert f"cannot listen on 127.0.0.1:{port}" in running.log


def test_the_clock_can_stand_still(tmp_path: Path) -> None:
    with toy_suite(tmp_path, BORGERTING_CLOCK="2031-05-01T09:00:00Z", TOY_LET_GO=str(tmp_path)) as running:
        running.get("/toy/tell/later")
        running.get("/toy/count/a/2")
        wait_for(lambda: job_of(running, "a")["state"] == "SUCCEEDED")
        wait_for(lambda: json.loads(running.get("/toy/heard"))["heard"] == ["later"])
