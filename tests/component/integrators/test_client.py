"""borgerting_client against a real gRPC server: what goes with every call, and what comes of a failure."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.rpc import error_details_pb2

from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting_client import Borgerting, BorgertingError, pages
from chassis.errors import Code, DomainError, FieldViolation
from chassis.rpc.authority import Authority
from tests.component.integrators.scripted import Scripted, garbling, raising, refusing, serving, wait
from tests.component.integrators.test_policy import contracts

UNAVAILABLE, EXHAUSTED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED
OVERDUE = grpc.StatusCode.DEADLINE_EXCEEDED
CREATE = pb.CreateSelectionRequest(parent="municipalities/dragoer", selection=pb.Selection(title="One"))
GET = pb.GetSelectionRequest(name="municipalities/dragoer/selections/1")


def scripted() -> Scripted:
    return Scripted()  # type: ignore[abstract]  # methods not written answer UNIMPLEMENTED


@pytest.fixture
def server() -> Scripted:
    return scripted()


@pytest.fixture
def address(server: Scripted) -> Iterator[str]:
    with serving(server) as found:
        yield found


@pytest.fixture
def suite(address: str) -> Iterator[Borgerting]:
    with Borgerting(address, token="t-1", tls=False, language="en", timeout=60) as made:
        yield made


def refusal(call: Any, request: Any, **options: Any) -> BorgertingError:
    with pytest.raises(BorgertingError) as caught:
        call(request, **options)
    return caught.value


def test_a_change_is_tried_again_under_one_id_while_it_is_unavailable(
    suite: Borgerting, server: Scripted
) -> None:
    server.steps = [refusing(UNAVAILABLE), raising(DomainError(Code.UNAVAILABLE, "STORE_BUSY"))]
    assert suite.selections.CreateSelection(CREATE).title == "One"
    first, second, third = (request.request_id for request in server.requests)
    assert first == second == third
    assert uuid.UUID(first).version == 4
    assert not CREATE.request_id  # the caller's message is the caller's
    suite.selections.CreateSelection(CREATE)
    assert server.requests[-1].request_id != first


def test_an_id_of_the_caller_s_own_stands(suite: Borgerting, server: Scripted) -> None:
    own = pb.CreateSelectionRequest(parent=CREATE.parent, request_id="mine")
    suite.selections.CreateSelection(own)
    assert server.requests[0].request_id == "mine"


def test_unavailable_for_good_ends_with_the_last_refusal(suite: Borgerting, server: Scripted) -> None:
    error = DomainError(Code.UNAVAILABLE, "STORE_AWAY")
    server.steps = [raising(error)] * 9
    found = refusal(suite.selections.CreateSelection, CREATE)
    assert (found.code, found.reason) == (UNAVAILABLE, "STORE_AWAY")
    assert len(server.requests) == 5
    assert found.request_id == server.requests[0].request_id


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.UNAVAILABLE])
def test_nothing_else_is_tried_again(suite: Borgerting, server: Scripted, code: Code) -> None:
    server.steps = [raising(DomainError(code, "NO"))]
    assert refusal(suite.selections.CreateSelection, CREATE).code.name == code.name
    assert len(server.requests) == 1


def test_it_waits_as_long_as_it_is_asked_to(suite: Borgerting, server: Scripted) -> None:
    server.steps = [refusing(EXHAUSTED, wait(0.02)), refusing(EXHAUSTED, wait(0.01))]
    assert suite.selections.CreateSelection(CREATE).title == "One"
    assert len({request.request_id for request in server.requests}) == 1
    assert len(server.requests) == 3


def test_it_does_not_wait_past_its_time(suite: Borgerting, server: Scripted) -> None:
    server.steps = [refusing(EXHAUSTED, wait(0.1))] * 99
    assert refusal(suite.selections.GetSelection, GET, timeout=0.35).code in (EXHAUSTED, OVERDUE)
    assert len(server.requests) <= 4
    server.requests.clear()
    server.steps = [refusing(EXHAUSTED, wait(90))]
    assert refusal(suite.selections.GetSelection, GET).retry_delay == 90
    assert len(server.requests) == 1


def test_a_deadline_goes_with_every_call(suite: Borgerting, server: Scripted) -> None:
    suite.selections.GetSelection(GET)
    suite.selections.GetSelection(GET, timeout=7)
    # gRPC rounds it up, by a second or a hundredth.
    assert 7 < server.times[0] < 61
    assert 0 < server.times[1] < 8


def test_a_call_that_takes_too_long_says_under_which_id_to_ask_again(
    suite: Borgerting, server: Scripted
) -> None:
    ended = threading.Event()
    server.steps = [lambda asked, _: ended.wait(60) and asked.selection]
    found = refusal(suite.selections.CreateSelection, CREATE, timeout=0.2)
    ended.set()
    assert (found.code, found.reason) == (OVERDUE, "")
    assert uuid.UUID(found.request_id)


def test_token_and_language(address: str, server: Scripted) -> None:
    tokens = iter(["first", "second"])
    with Borgerting(address, token=lambda: next(tokens), tls=False) as suite:
        suite.selections.GetSelection(GET)
        suite.selections.GetSelection(GET)
        own = (("authorization", "Bearer own"), ("accept-language", "en"), ("x-correlation-id", "c-1"))
        _, call = suite.selections.GetSelection.with_call(GET, metadata=own)
    with Borgerting(address, tls=False) as anybody:
        anybody.selections.GetSelection(GET)
    sent = [(one.get("authorization"), one["accept-language"]) for one in server.metadata]
    assert sent == [("Bearer first", "da"), ("Bearer second", "da"), ("Bearer own", "en"), (None, "da")]
    assert dict(call.trailing_metadata())["x-correlation-id"] == "c-1"
    assert server.metadata[0]["user-agent"].startswith("borgerting-client/")


def test_a_refusal_says_everything(suite: Borgerting, server: Scripted) -> None:
    violations = (FieldViolation("selection.size", "SIZE_INVALID"), FieldViolation("selection.title", "LONG"))
    error = DomainError(Code.INVALID_ARGUMENT, "SELECTION_INVALID", {"a": "b"}, violations)
    server.steps = [raising(error)]
    own = (("x-correlation-id", "import-7"),)
    found = refusal(suite.selections.CreateSelection, CREATE, metadata=own)
    assert (found.reason, found.metadata, found.correlation_id) == (
        "SELECTION_INVALID", {"a": "b"}, "import-7",
    )  # fmt: skip
    assert [(one.field, one.reason) for one in found.violations] == [
        ("selection.size", "SIZE_INVALID"),
        ("selection.title", "LONG"),
    ]
    assert all(one.message for one in found.violations)
    assert str(found).startswith("INVALID_ARGUMENT SELECTION_INVALID: ")
    assert isinstance(found.__cause__, grpc.RpcError)
    assert found.retry_delay is None


def test_a_refusal_of_somebody_else_s_has_no_reason(suite: Borgerting, server: Scripted) -> None:
    info = error_details_pb2.ErrorInfo(reason="THEIRS", domain="proxy.example.dk", metadata={"a": "b"})

    server.steps = [refusing(grpc.StatusCode.NOT_FOUND, info), garbling]
    for code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INTERNAL):
        found = refusal(suite.selections.GetSelection, GET)
        assert (found.code, found.reason, found.metadata, found.violations) == (code, "", {}, ())


def test_nobody_there(address: str) -> None:
    with Borgerting("127.0.0.1:1", tls=False, timeout=0.5) as suite:
        found = refusal(suite.selections.GetSelection, GET)
    assert found.code in (UNAVAILABLE, OVERDUE)
    assert (found.reason, found.correlation_id) == ("", "")


def test_a_future(suite: Borgerting, server: Scripted) -> None:
    assert suite.selections.CreateSelection.future(CREATE).result().title == "One"
    assert server.requests[0].request_id
    server.steps = [raising(DomainError(Code.NOT_FOUND, "SELECTION_UNKNOWN"))]
    with pytest.raises(BorgertingError, match="SELECTION_UNKNOWN"):
        suite.selections.GetSelection.future(GET).result()


def test_a_future_that_waits_for_its_answer(suite: Borgerting, server: Scripted) -> None:
    answer, seen = threading.Event(), threading.Event()

    def late(asked: Any, context: grpc.ServicerContext) -> Any:
        assert answer.wait(10)
        return raising(DomainError(Code.NOT_FOUND, "SELECTION_UNKNOWN"))(asked, context)

    server.steps = [late]
    future = suite.selections.CreateSelection.future(CREATE)
    called: list[Any] = []
    future.add_done_callback(lambda done: (called.append(done), seen.set()))
    assert not future.done()
    answer.set()
    with pytest.raises(BorgertingError, match="SELECTION_UNKNOWN") as caught:
        future.result(timeout=10)
    assert caught.value.request_id == server.requests[0].request_id
    assert str(future.exception()) == str(caught.value)
    assert seen.wait(10)
    assert called == [future]


def test_pages_one_after_the_other(suite: Borgerting, server: Scripted) -> None:
    asked = pb.ListSelectionsRequest(parent="3", page_size=1)
    listed = pages(suite.selections.ListSelections, asked)
    assert next(listed).selections[0].size == 0
    assert len(server.requests) == 1  # the next when it is needed
    assert [page.selections[0].size for page in listed] == [1, 2]
    assert [request.page_token for request in server.requests] == ["", "1", "2"]
    assert all(request.page_size == 1 for request in server.requests)
    assert not asked.page_token
    later = pb.ListSelectionsRequest(parent="3", page_token="2")
    assert len(list(pages(suite.selections.ListSelections, later))) == 1
    server.steps = [raising(DomainError(Code.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID"))]
    with pytest.raises(BorgertingError, match="PAGE_TOKEN_INVALID"):
        next(pages(suite.selections.ListSelections, asked))


def test_the_server_is_checked(server: Scripted, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = Authority(now)
    own = authority.issue(["sortition"], ["127.0.0.1"], begin=now, end=now + timedelta(days=1))
    credentials = grpc.ssl_server_credentials([(own.key, own.certificate)])
    ours = grpc.ssl_channel_credentials(authority.issued.certificate)
    with serving(server, credentials) as address:
        with Borgerting(address, tls=ours, timeout=60) as suite:
            assert suite.selections.GetSelection(GET).name == GET.name
        with Borgerting(address, token="secret", timeout=0.5) as strict:
            assert refusal(strict.selections.GetSelection, GET).code in (UNAVAILABLE, OVERDUE)
    assert len(server.requests) == 1


def test_every_service_of_the_contract_has_its_stub() -> None:
    declared = {f"{file.package}.{one.name}" for file in contracts() for one in file.service}
    with Borgerting("127.0.0.1:1", tls=False) as suite:
        stubs = [one for one in vars(suite).values() if type(one).__name__.endswith("Stub")]
    names = [(type(one).__module__, type(one).__name__) for one in stubs]
    assert {f"{where.rpartition('.')[0]}.{name.removesuffix('Stub')}" for where, name in names} == declared
    assert len({where.split(".")[1] for where, _ in names}) == 4


def test_every_change_has_room_for_a_request_id_and_every_list_has_pages() -> None:
    """On which the client's retries and `pages` stand."""
    pool: Any = descriptor_pool.Default()
    for file in contracts():
        for service in file.service:
            for method in service.method:
                fields = set(pool.FindMessageTypeByName(method.input_type.removeprefix(".")).fields_by_name)
                if method.name.startswith("List"):
                    assert {"page_size", "page_token"} <= fields, method.name
                asks = method.name.startswith(("Get", "List", "Check", "Export"))
                assert asks or "request_id" in fields, method.name
                assert not method.client_streaming
                assert not method.server_streaming
