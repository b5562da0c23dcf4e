"""The examples in the API's document are what the messages are; every method has a route and a schema."""

from __future__ import annotations

import pytest
from google.protobuf import message_factory

from borgerting.deliberation.v1 import assembly_service_pb2, report_service_pb2
from chassis.transcoding.codec import read_into
from chassis.transcoding.routes import rule_of
from chassis.transcoding.schema import message_schema
from services.deliberation.adapters.rest_examples import EXAMPLES

BASE = "/deliberation/api/v1"
METHODS = {
    method.name: method
    for module, service in (
        (assembly_service_pb2, "AssemblyService"),
        (report_service_pb2, "ReportService"),
    )
    for method in module.DESCRIPTOR.services_by_name[service].methods
}


def test_every_method_has_a_route_of_its_own_a_schema_and_an_example() -> None:
    rules = [rule_of(method, BASE) for method in METHODS.values()]
    assert len({(rule.verb, rule.path) for rule in rules}) == len(METHODS) == 14
    assert {message_schema(method.output_type)["type"] for method in METHODS.values()} == {"object"}
    assert set(EXAMPLES) == set(METHODS)


@pytest.mark.parametrize("method", sorted(EXAMPLES))
def test_examples_are_what_the_messages_are(method: str) -> None:
    descriptor = METHODS[method]
    body, answer = EXAMPLES[method]
    rule = rule_of(descriptor, BASE)
    if body is not None:
        request = message_factory.GetMessageClass(descriptor.input_type)()
        read_into(request if rule.body == "*" else getattr(request, rule.body), body)
    if answer is not None:
        read_into(message_factory.GetMessageClass(descriptor.output_type)(), answer)
