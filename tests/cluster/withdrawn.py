"""`helm uninstall` leaves what docs/kubernetes.md says, and nothing else."""

from __future__ import annotations

from tests.infrastructure.beside import Beside
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.release import Release

# Kubernetes' own, in every namespace.
OWN = {"configmap/kube-root-ca.crt", "serviceaccount/default"}
PASSING = ("event", "lease", "podmetrics", "endpoints", "endpointslice")


def everything(cluster: Cluster, namespace: str) -> dict[str, str]:
    """kind/name -> who made it, of all that stands in a namespace."""
    kinds = cluster.kubectl("api-resources", "--verbs=list", "--namespaced", "--output", "name").split()
    kept = ",".join(kind for kind in kinds if not kind.startswith(PASSING))
    template = '{range .items[*]}{.kind}/{.metadata.name}{"\\t"}{.metadata.labels.made-by}{"\\n"}{end}'
    said = cluster.kubectl("get", kept, "--namespace", namespace, "--output", f"jsonpath={template}")
    found = dict(line.split("\t") for line in said.splitlines())
    return {name.lower(): made for name, made in ((key, value) for key, value in found.items())}


def test_it_leaves_what_it_says(cluster: Cluster, beside: Beside, ting: Release) -> None:
    before = everything(cluster, ting.name)
    assert len(before) > len(OWN)
    cluster.helm("uninstall", ting.name, "--namespace", ting.name, "--wait", "--timeout", "180s")
    mine = {f"secret/{ting.name}-keys"}
    operators = {name for name, made in before.items() if made == "operator"}
    cluster.eventually(
        lambda: set(everything(cluster, ting.name)), lambda found: found == OWN | mine | operators, seconds=60
    )
    # What citizens entrusted to it is still there.
    assert int(beside.sql("ting_deliberation", "SELECT count(*) FROM alembic_version")) == 1
