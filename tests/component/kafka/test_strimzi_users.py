"""The users that the chart has Strimzi make may do just what the services do: their rights are given to a
real broker, as Strimzi's operator gives them, and the suite's own adapter works under them by certificate.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from chassis.events.envelope import Event, topic_of
from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from chassis.rpc.authority import make_folder
from chassis.testing.stores import an_event
from tests.chart.rendering import CASES, RELEASE, Object, objects, of_kind
from tests.infrastructure.kafka import listening_securely, running_kafka

PREFIX = "test."  # of the chart's case
OWNER, LISTENER = "sortition", "deliberation"
PROPERTIES = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


def rights(user: Object, principal: str) -> list[ACL]:
    """As Strimzi's user operator makes them of a KafkaUser."""
    return [
        ACL(
            principal=principal,
            host="*",
            operation=ACLOperation[may.upper()],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                ResourceType[rule["resource"]["type"].upper()],
                rule["resource"].get("name", "kafka-cluster"),
                {"literal": ACLResourcePatternType.LITERAL, "prefix": ACLResourcePatternType.PREFIXED}[
                    rule["resource"].get("patternType", "literal")
                ],
            ),
        )
        for rule in user["spec"]["authorization"]["acls"]
        for may in rule["operations"]
    ]


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, KafkaBroker]]:
    """Each service's own way to the cluster."""
    folder = tmp_path_factory.mktemp("users")
    now, day = datetime.now(UTC), timedelta(days=1)
    made = make_folder(folder / "certificates", ["broker", OWNER, LISTENER], ["127.0.0.1"], now, day)
    rendered = objects(CASES["Strimzi"])
    users = of_kind(rendered, "KafkaUser")
    properties = listening_securely("SSL", made["broker"], folder) + PROPERTIES
    with running_kafka(folder / "broker", properties) as server:
        admin = KafkaAdminClient(bootstrap_servers=server.bootstrap)
        for name in (OWNER, LISTENER):
            admin.create_acls(rights(users[f"{RELEASE}-kafka-{name}"], f"User:CN={name}"))
        for topic in of_kind(rendered, "KafkaTopic").values():
            shape = {"num_partitions": 1, "replication_factor": 1}
            admin.create_topics({topic["spec"]["topicName"]: shape})
        admin.close()
        found = {
            name: KafkaBroker(
                KafkaSettings(
                    bootstrap=f"127.0.0.1:{server.secure_port}",
                    security="SSL",
                    ca_file=made[name].ca,
                    certificate_file=made[name].certificate,
                    key_file=made[name].key,
                    namespace=PREFIX,
                    create_topics=False,
                )
            )
            for name in (OWNER, LISTENER)
        }
        yield found
        for one in found.values():
            one.close()


def told_by(service: str) -> Event:
    event = an_event(1)
    return replace(event, envelope=replace(event.envelope, topic=topic_of(service)))


def test_one_tells_and_the_other_hears(brokers: dict[str, KafkaBroker]) -> None:
    publisher = brokers[OWNER].publisher()
    sent = publisher.send(told_by(OWNER))
    publisher.flush(10)
    sent.result(timeout=0)
    source = brokers[LISTENER].source(f"{LISTENER}.selections", topic_of(OWNER))
    until = time.monotonic() + 60
    while not (taken := source.poll(0.5)):
        assert time.monotonic() < until
    source.commit(taken[-1])
    assert source.lag() == 0
    for one in brokers.values():
        one.check()  # "can events be carried?", as /readyz asks


def test_nobody_tells_in_anothers_name(brokers: dict[str, KafkaBroker]) -> None:
    publisher = brokers[LISTENER].publisher()
    sent = publisher.send(told_by(OWNER))
    publisher.flush(10)
    assert isinstance(sent.exception(timeout=0), TopicAuthorizationFailedError)


def test_nobody_reads_on_in_anothers_place(brokers: dict[str, KafkaBroker]) -> None:
    source = brokers[LISTENER].source(f"{OWNER}.selections", topic_of(OWNER))

    def read() -> None:
        for _ in range(20):
            source.poll(1.0)

    with pytest.raises(GroupAuthorizationFailedError):
        read()
