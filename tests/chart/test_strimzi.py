"""The topics and users that Strimzi is told to make are those that the suite works with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis.app import descriptors
from chassis.config import load_settings
from chassis.events.envelope import topic_of
from chassis.inbox import Subscription
from chassis.suite import Suite
from tests.chart.rendering import CASES, ONE_BROKER, RELEASE, Object, objects, of_kind

PREFIX = "test."


@pytest.fixture(scope="module")
def made() -> list[Object]:
    return objects(CASES["Strimzi"])


@pytest.fixture(scope="module")
def subscriptions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Subscription]]]:
    """What the services listen to, by their own word."""
    folder = tmp_path_factory.mktemp("suite")
    settings = load_settings(descriptors(), {}, data_dir=folder, http_port=0, grpc_port=0, ops_port=0)
    suite = Suite(settings, descriptors())
    suite.start()
    yield {one.name: [consumer.subscription for consumer in one.consumers] for one in suite._running}
    suite.stop()


def rights(made: list[Object], service: str) -> set[tuple[str, str, str, str]]:
    """(kind of thing, its name, how that is meant, what may be done with it)."""
    user = of_kind(made, "KafkaUser")[f"{RELEASE}-kafka-{service}"]
    assert user["metadata"]["labels"]["strimzi.io/cluster"] == RELEASE
    return {
        (
            one["resource"]["type"],
            one["resource"].get("name", ""),
            one["resource"].get("patternType", ""),
            may,
        )
        for one in user["spec"]["authorization"]["acls"]
        for may in one["operations"]
    }


def test_each_service_has_its_topic(made: list[Object]) -> None:
    topics = {one["spec"]["topicName"]: one for one in of_kind(made, "KafkaTopic").values()}
    assert topics.keys() == {PREFIX + topic_of(name) for name in descriptors()}
    for one in topics.values():
        assert (one["spec"]["partitions"], one["spec"]["replicas"]) == (12, 3)
        assert one["spec"]["config"]["retention.ms"] == -1
        # What is acknowledged is on two brokers, and one may be away.
        assert one["spec"]["config"]["min.insync.replicas"] == 2
    alone = of_kind(objects(ONE_BROKER), "KafkaTopic").values()
    assert [(one["spec"]["replicas"], one["spec"]["config"]["min.insync.replicas"]) for one in alone] == [
        (1, 1)
    ] * 4


@pytest.mark.parametrize("service", sorted(descriptors()))
def test_each_may_tell_its_own_and_hear_what_it_listens_to(
    made: list[Object], subscriptions: dict[str, list[Subscription]], service: str
) -> None:
    may = rights(made, service)
    written = {name for kind, name, _, act in may if (kind, act) == ("topic", "Write")}
    assert written == {PREFIX + topic_of(service)}
    groups = {name for kind, name, pattern, act in may if (kind, pattern, act) == ("group", "prefix", "Read")}
    for one in subscriptions[service]:
        assert ("topic", PREFIX + one.topic, "literal", "Read") in may
        # As chassis.events.kafka_cluster names it.
        group = f"{PREFIX}{one.consumer}.{one.topic}"
        assert any(group.startswith(prefix) for prefix in groups), group
    others = {f"{PREFIX}{name}." for name in descriptors() if name != service}
    assert not groups & others


def test_what_they_told_outlives_the_release(made: list[Object]) -> None:
    kept = [
        *of_kind(made, "Kafka").values(),
        *of_kind(made, "KafkaNodePool").values(),
        *of_kind(made, "KafkaTopic").values(),
    ]
    assert len(kept) == 1 + 1 + len(descriptors())
    for one in kept:
        assert one["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    (pool,) = of_kind(made, "KafkaNodePool").values()
    assert (pool["spec"]["storage"]["deleteClaim"], pool["spec"]["storage"]["class"]) == (False, "fast")
