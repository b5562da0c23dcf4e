"""A database's password replaced as docs/kubernetes.md says, while pages are read."""

from __future__ import annotations

import base64
import json

from tests.cluster.traffic import traffic
from tests.infrastructure.beside import POSTGRESQL, STORES, Beside
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.postgres import PASSWORD
from tests.infrastructure.release import PASSWORD_FILES, PASSWORDS, Release

SERVICE = "followup"
FILE = f"{PASSWORD_FILES}/{SERVICE}"


def hold(cluster: Cluster, ting: Release, *passwords: str) -> None:
    """These lines in the secret, until the service's pods have them."""
    data = {SERVICE: base64.b64encode("\n".join(passwords).encode()).decode()}
    ting.kubectl("patch", "secret", PASSWORDS, "--type=merge", "--patch", json.dumps({"data": data}))
    # The kubelet sees to a pod's mounts every minute or so, and at once when something of the pod changes.
    pods = ("pods", "--selector", f"app.kubernetes.io/component={SERVICE}")
    ting.kubectl("annotate", *pods, "--overwrite", f"passwords={'-'.join(passwords)}")
    read = f"print(open({FILE!r}).read())"
    cluster.eventually(
        lambda: [ting.python(pod, read).split() for pod in ting.ready(SERVICE)],
        lambda found: bool(found) and all(lines == list(passwords) for lines in found),
    )


def signs_in(ting: Release, beside: Beside, password: str) -> bool:
    """By the way on which passwords are asked for."""
    user = f"{ting.name}_{SERVICE}"
    psql = ("psql", "-X", "-c", "SELECT 1", f"postgresql://{user}:{password}@{POSTGRESQL}/{user}")
    done = beside.cluster.run("kubectl", "exec", "--namespace", STORES, "postgresql", "--", *psql)
    assert done.returncode == 0 or "password authentication failed" in done.stderr, done.stderr
    return done.returncode == 0


def test_a_databases_password_is_replaced_and_no_page_fails(
    cluster: Cluster, beside: Beside, ting: Release, municipality: str
) -> None:
    """Connections that stand live on; a pod that is new can only have signed in with the new password."""
    deployment = f"deployment/{ting.name}-{SERVICE}"
    with traffic(ting, [f"/{SERVICE}/{municipality}"]) as heard:
        hold(cluster, ting, PASSWORD, "replaced")
        beside.sql("postgres", f"ALTER ROLE {ting.name}_{SERVICE} PASSWORD 'replaced'")
        hold(cluster, ting, "replaced")
        ting.kubectl("rollout", "restart", deployment)
        ting.kubectl("rollout", "status", deployment, "--timeout=180s")
    assert heard.failed == []
    assert heard.answered > 0
    assert signs_in(ting, beside, "replaced")
    assert not signs_in(ting, beside, PASSWORD)
