"""What a call is about, and what it passes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.wrappers_pb2 import StringValue

from chassis.auth.principal import NOBODY
from chassis.config import load_settings
from chassis.errors import DomainError
from chassis.limits.allotments import Limits
from chassis.limits.calls import CallLimits, municipality_in, name_reader
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.local import LocalServer
from chassis.rpc.server import GrpcServiceRegistration
from chassis.transcoding.routes import rule_of

_MODULES = (
    ("sortition", "selection_service"),
    ("sortition", "draw_service"),
    ("deliberation", "assembly_service"),
    ("deliberation", "report_service"),
    ("deliberation", "municipality_service"),
    ("deliberation", "sign_in_link_service"),
    ("followup", "promise_service"),
    ("volunteer", "task_service"),
    ("volunteer", "sign_up_service"),
    ("volunteer", "person_service"),
)
_NAME_NONE = {"ListMunicipalities", "CreateMunicipality"}


def methods() -> list[Any]:
    modules = (importlib.import_module(f"borgerting.{one}.v1.{two}_pb2") for one, two in _MODULES)
    services = (service for module in modules for service in module.DESCRIPTOR.services_by_name.values())
    return [method for service in services for method in service.methods]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_every_request_says_whose_it_is(method: Any) -> None:
    message = message_factory.GetMessageClass(method.input_type)()
    if method.name in _NAME_NONE:
        assert municipality_in(name_reader(type(message))(message)) == ""
        return
    service = method.full_name.split(".")[1]
    try:
        path = rule_of(method, f"/{service}/api/v1").name_field
    except ValueError:  # no REST for this one
        path = "name" if "name" in message.DESCRIPTOR.fields_by_name else "parent"
    if method.name == "CreateSignInLink":
        path = "sign_in_link.municipality"
    *holders, last = path.split(".")
    target = message
    for holder in holders:
        target = getattr(target, holder)
    setattr(target, last, "municipalities/dragoer/things/1")
    assert municipality_in(name_reader(type(message))(message)) == "dragoer"


def test_only_a_name_of_ours_names_a_municipality() -> None:
    assert municipality_in("municipalities/dragoer") == "dragoer"
    assert municipality_in("municipalities/dragoer/selections/x") == "dragoer"
    assert municipality_in("municipalities/") == municipality_in("assemblies/x") == municipality_in("") == ""


class Nobody:
    def verify(self, token: str) -> Any:
        raise AssertionError("nobody brings a token")


METHOD = "/toy.Toy/Ask"


class Toy:
    """Answers, or does what it is told in between."""

    def __init__(self) -> None:
        self.between: Callable[[], None] = lambda: None

    def add(self, servicer: Any, server: Any) -> None:
        handler = grpc.unary_unary_rpc_method_handler(
            self.ask, StringValue.FromString, StringValue.SerializeToString
        )
        server.add_registered_method_handlers("toy.Toy", {"Ask": handler})

    def ask(self, request: StringValue, context: grpc.ServicerContext) -> StringValue:
        self.between()
        return request


class Scene:
    """A server in this process whose public may ask twice at once, and once in 1,000 seconds thereafter."""

    def __init__(self, *, room: bool, at_once: int = 8) -> None:
        settings = load_settings(
            [],
            {
                "BORGERTING_LIMITS__CALLER": "0.001",
                "BORGERTING_LIMITS__CALLER_BURST": "2",
                "BORGERTING_LIMITS__AT_ONCE": str(at_once),
            },
        )
        self.slept: list[float] = []
        self.asides = 0
        self.now = 1000.0
        self.toy = Toy()
        self.limits = Limits(settings, time_source=lambda: self.now)
        calls = CallLimits(self.limits, lambda method: "toy", sleep=self.sleep)

        @contextmanager
        def aside() -> Iterator[bool]:
            self.asides += 1
            yield room

        calls.aside = aside
        interceptor = CallInterceptor(Nobody(), lambda reason, metadata, language: reason, limits=calls)
        registration = GrpcServiceRegistration(self.toy.add, None, "toy.Toy")
        self.server = LocalServer([registration], [interceptor])

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def ask(self, neighbour: str = "") -> grpc.StatusCode:
        call = self.server.channel(neighbour).unary_unary(
            METHOD, StringValue.SerializeToString, StringValue.FromString
        )
        try:
            call(StringValue(value="x"))
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK


def test_what_is_over_the_rate_is_refused_after_a_second() -> None:
    scene = Scene(room=True)
    answers = [scene.ask().name for _ in range(3)]
    assert answers == ["OK", "OK", "RESOURCE_EXHAUSTED"]
    assert scene.slept == [1.0]


def test_and_at_once_where_no_thread_can_be_spared() -> None:
    scene = Scene(room=False)
    assert [scene.ask().name for _ in range(3)] == ["OK", "OK", "RESOURCE_EXHAUSTED"]
    assert scene.slept == []


def test_who_is_early_by_less_than_a_second_is_answered_in_its_turn() -> None:
    scene = Scene(room=True)
    assert [scene.ask().name for _ in range(2)] == ["OK", "OK"]
    scene.now += 999.5
    assert scene.ask() is grpc.StatusCode.OK
    assert scene.slept == [pytest.approx(0.5)]


def test_who_had_to_wait_lets_others_go_first_and_leaves_its_thread_to_them() -> None:
    scene = Scene(room=True)
    precedence = scene.limits.of(NOBODY, "", lambda: "192.0.2.1").precedence
    precedence.patience = 0.0
    precedence.begin()
    assert scene.ask() is grpc.StatusCode.OK
    assert scene.asides == 0
    assert scene.ask() is grpc.StatusCode.OK
    assert scene.asides == 1  # for what is ahead
    scene.now += 999.5
    assert scene.ask() is grpc.StatusCode.OK
    assert scene.asides == 3  # for its rate, too
    precedence.end()
    assert not precedence.has_ahead


def test_a_neighbour_is_never_refused() -> None:
    scene = Scene(room=False)
    assert {scene.ask("followup") for _ in range(20)} == {grpc.StatusCode.OK}
    assert scene.ask() is grpc.StatusCode.OK


def test_no_more_than_its_threads_are_taken_at_a_time_and_each_is_given_back() -> None:
    scene = Scene(room=False, at_once=1)
    inner: list[grpc.StatusCode] = []
    scene.toy.between = lambda: inner.append(scene.ask()) if not inner else None
    assert scene.ask() is grpc.StatusCode.OK
    assert inner == [grpc.StatusCode.RESOURCE_EXHAUSTED]
    scene.toy.between = lambda: None
    scene.now += 2000
    assert scene.ask() is grpc.StatusCode.OK


def test_a_handler_that_fails_gives_its_thread_back() -> None:
    scene = Scene(room=False, at_once=1)

    def fail() -> None:
        raise DomainError(scene.limits.refusal().code, "SOME_REASON")

    scene.toy.between = fail
    assert scene.ask() is grpc.StatusCode.RESOURCE_EXHAUSTED
    scene.toy.between = lambda: None
    assert scene.ask() is grpc.StatusCode.OK
    assert NOBODY.municipality is None
