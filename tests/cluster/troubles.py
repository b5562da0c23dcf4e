"""A pod that dies and a node that is drained: somebody always answers."""

from __future__ import annotations

import json

from tests.cluster.traffic import traffic
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.release import SERVICES, Release

PATH = "/deliberation/dragoer"
DELIBERATION = "app.kubernetes.io/component=deliberation"


def healthy(ting: Release) -> int:
    """What the disruption budget counts as healthy, once it knows of every pod."""
    name = f"{ting.name}-deliberation"
    return int(json.loads(ting.kubectl("get", "pdb", name, "--output", "json"))["status"]["currentHealthy"])


def restarts(ting: Release, pod: str) -> int:
    found = json.loads(ting.kubectl("get", "pod", pod, "--output", "json"))
    return int(found["status"]["containerStatuses"][0]["restartCount"])


def test_killed_it_starts_anew_while_the_other_answers(
    cluster: Cluster, ting: Release, municipality: str
) -> None:
    """SIGKILL, with no time to say that it goes: who asks again is answered."""
    before = cluster.eventually(lambda: ting.ready("deliberation"), lambda pods: len(pods) > 1)
    victim = before[0]
    # Its first process cannot be killed from within: by the kernel, from the node.
    with traffic(ting, [PATH], again=5) as heard:
        found = json.loads(ting.kubectl("get", "pod", victim, "--output", "json"))
        container = found["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        cluster.inside("ctr", "-n", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", container)
        cluster.eventually(lambda: restarts(ting, victim), lambda count: count == 1)
        cluster.eventually(lambda: ting.ready("deliberation"), lambda pods: victim in pods)
    assert heard.failed == []
    assert heard.answered > 0


def test_a_drain_leaves_somebody_to_answer(cluster: Cluster, ting: Release, municipality: str) -> None:
    """There is no other node: the first pod that goes has nowhere to come back, and the next may not go."""
    before = cluster.eventually(lambda: ting.ready("deliberation"), lambda pods: len(pods) > 1)
    cluster.eventually(lambda: healthy(ting), lambda count: count == len(before))
    try:
        with traffic(ting, [PATH]) as heard:
            done = cluster.run(
                "kubectl", "drain", "node", "--pod-selector", DELIBERATION, "--delete-emptydir-data",
                "--timeout", "20s", seconds=120,
            )  # fmt: skip
            assert done.returncode
            assert "violate the pod's disruption budget" in done.stderr
            assert len(ting.ready("deliberation")) == len(before) - 1
        assert heard.failed == []
        assert heard.answered > 0
    finally:
        cluster.kubectl("uncordon", "node")
    cluster.eventually(lambda: ting.ready("deliberation"), lambda pods: len(pods) == len(before))
    assert all(ting.ready(service) for service in SERVICES)
