"""Under load there are more pods of the service that has it, as far as the values say."""

from __future__ import annotations

import json

from tests.cluster.traffic import traffic
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.release import Release

HPA = "ting-deliberation"


def autoscaler(ting: Release) -> tuple[int, int | None]:
    """How many pods it wants, and the use of the processor that it sees (percent of what they ask for)."""
    status = json.loads(ting.kubectl("get", "hpa", HPA, "--output", "json"))["status"]
    # Until metrics have come there is none, or one without contents.
    measured = [each["resource"] for each in status.get("currentMetrics") or [] if "resource" in each]
    seen = [each["current"].get("averageUtilization") for each in measured]
    return int(status.get("desiredReplicas", 0)), next(iter(seen), None)


def test_load_brings_a_pod_more(cluster: Cluster, ting: Release, municipality: str) -> None:
    """Starting takes a processor, too, and may have brought one: so it is seen at rest, with room for one."""
    wanted, _ = cluster.eventually(
        lambda: autoscaler(ting), lambda seen: seen[1] is not None and seen[1] < 70
    )
    assert wanted >= 2
    ting.upgrade({"services": {"deliberation": {"replicas": {"to": wanted + 1}}}})
    with traffic(ting, ["/deliberation/dragoer"], readers=6) as heard:
        cluster.eventually(lambda: autoscaler(ting)[0], lambda now: now == wanted + 1)
        cluster.eventually(lambda: len(ting.ready("deliberation")), lambda pods: pods == wanted + 1)
    assert heard.failed == []
