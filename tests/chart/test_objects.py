"""What the chart makes is what Kubernetes takes, and each promise of the chart holds for every object."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from chassis.app import descriptors
from chassis.auth.keys import FileKeys
from chassis.clock import SystemClock
from tests.chart.rendering import CASES, NAMESPACE, RELEASE, TRIAL, Object, merged, objects, of_kind, pods

SERVICES = sorted(descriptors())
# Their schemas are their operators' own.
FOREIGN = (
    "cert-manager.io",
    "monitoring.coreos.com",
    "gateway.networking.k8s.io",
    "kafka.strimzi.io",
    "postgresql.cnpg.io",
)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(case: str) -> list[Object]:
    return objects(CASES[case])


@pytest.mark.parametrize("version", ["1.30", "1.36", "1.37"])
def test_kubernetes_takes_it(made: list[Object], version: str) -> None:
    ours = [each for each in made if each["apiVersion"].partition("/")[0] not in FOREIGN]
    assert len(ours) > 20
    for each in ours:
        assert kubernetes_validate.validate(each, version, strict=True) == version
        assert each["metadata"]["namespace"] == NAMESPACE


def test_a_field_that_is_none_would_be_noticed(made: list[Object]) -> None:
    deployment = of_kind(made, "Deployment")[f"{RELEASE}-sortition"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(merged(deployment, {"spec": {"replica": 1}}), "1.37", strict=True)


def test_every_pod_keeps_the_restricted_standard(made: list[Object]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, each rule of it."""
    found = list(pods(made))
    assert len(found) == len(SERVICES) + 4
    for name, _, spec in found:
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}, name
        whole = spec["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsUser"] == 10001
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not whole.keys() & {"sysctls", "seLinuxOptions", "appArmorProfile", "windowsOptions"}
        for volume in spec.get("volumes", []):
            assert volume.keys() - {"name"} <= {
                "configMap",
                "csi",
                "downwardAPI",
                "emptyDir",
                "ephemeral",
                "persistentVolumeClaim",
                "projected",
                "secret",
            }, name
        assert not spec.keys() & {"initContainers", "ephemeralContainers"}
        for container in spec["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert not own.keys() & {"privileged", "procMount", "seccompProfile", "runAsUser"}
            assert all("hostPort" not in port for port in container.get("ports", []))
            # Not of the standard, but of the house.
            assert own["readOnlyRootFilesystem"] is True


def test_no_pod_has_a_token_or_a_setting_of_kubernetes_making(made: list[Object]) -> None:
    accounts = of_kind(made, "ServiceAccount")
    assert all(account["automountServiceAccountToken"] is False for account in accounts.values())
    for name, _, spec in pods(made):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec.get("serviceAccountName", "default") in {*accounts, "default"}, name
    assert not {each["kind"] for each in made} & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def test_every_pod_says_what_it_needs_and_may_take(made: list[Object]) -> None:
    for name, _, spec in pods(made):
        for container in spec["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
            # A limit on the processor would slow a page down while the node idles.
            assert container["resources"]["limits"].keys() == {"memory"}, name


def test_only_folders_of_its_own_can_be_written(made: list[Object]) -> None:
    for name, _, spec in pods(made):
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        for container in spec["containers"]:
            mounts = container.get("volumeMounts", [])
            assert {mount["name"] for mount in mounts} == set(volumes), name
            for mount in mounts:
                if "emptyDir" in volumes[mount["name"]]:
                    assert mount["mountPath"] in ("/data", "/tmp")  # noqa: S108 (of a container)
                    assert volumes[mount["name"]]["emptyDir"]["sizeLimit"]
                else:
                    assert mount["readOnly"] is True
                    # Kubernetes renews no file that is mounted by itself.
                    assert "subPath" not in mount
                    volume = volumes[mount["name"]]
                    # FileKeys refuses what others than owner and group may read.
                    if "configMap" in volume:
                        assert volume["configMap"]["defaultMode"] == 0o444
                    else:
                        assert (volume.get("secret") or volume["projected"])["defaultMode"] == 0o440


def test_a_probe_asks_what_it_means(made: list[Object]) -> None:
    for name in SERVICES:
        pod = of_kind(made, "Deployment")[f"{RELEASE}-{name}"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert {port["name"] for port in container["ports"]} >= {"http", "grpc", "ops"}
        for probe, path in (
            ("startupProbe", "/livez"),
            ("livenessProbe", "/livez"),
            # Without a broker it does all but tell events, so nobody is taken out of service for that.
            ("readinessProbe", "/readyz?exclude=events"),
        ):
            assert container[probe]["httpGet"] == {"path": path, "port": "ops"}
        # Seconds until a pod that hangs is started anew, against until it gets no calls: calls go first.
        ready, live = container["readinessProbe"], container["livenessProbe"]
        assert ready["periodSeconds"] * ready["failureThreshold"] < (
            live["periodSeconds"] * live["failureThreshold"]
        )


@pytest.mark.parametrize("drain", [1, 20, 600])
def test_a_stop_leaves_time_for_the_notice_and_the_drain(drain: int) -> None:
    found = of_kind(objects(merged(TRIAL, {"drainSeconds": drain})), "Deployment")
    for name in SERVICES:
        pod = found[f"{RELEASE}-{name}"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        told = {each["name"]: each.get("value") for each in container["env"]}
        assert told["BORGERTING_DRAIN_SECONDS"] == str(drain)
        assert pod["terminationGracePeriodSeconds"] > int(told["BORGERTING_NOTICE_SECONDS"]) + drain


def test_replicas_scaling_and_disruptions_fit(made: list[Object]) -> None:
    deployments, scalers = of_kind(made, "Deployment"), of_kind(made, "HorizontalPodAutoscaler")
    budgets = of_kind(made, "PodDisruptionBudget")
    assert deployments.keys() == budgets.keys() == {f"{RELEASE}-{name}" for name in SERVICES}
    for name, deployment in deployments.items():
        spec = deployment["spec"]
        # Who scales alone says how many: a number here would undo it at each upgrade.
        assert ("replicas" in spec) != (name in scalers)
        if name in scalers:
            scaler = scalers[name]["spec"]
            assert scaler["scaleTargetRef"]["name"] == name
            assert 1 <= scaler["minReplicas"] < scaler["maxReplicas"]
        # Never fewer than asked for while a release rolls out, and a node can always be emptied.
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        assert budgets[name]["spec"]["selector"] == spec["selector"]
        for constraint in spec["template"]["spec"]["topologySpreadConstraints"]:
            assert constraint["labelSelector"] == spec["selector"]


def test_services_lead_to_their_pods_and_ports(made: list[Object]) -> None:
    deployments = of_kind(made, "Deployment")
    services = of_kind(made, "Service")
    assert len(services) == 2 * len(SERVICES)
    for name in SERVICES:
        deployment = deployments[f"{RELEASE}-{name}"]["spec"]
        labels = deployment["template"]["metadata"]["labels"]
        ports = {port["name"] for port in deployment["template"]["spec"]["containers"][0]["ports"]}
        site, grpc = services[f"{RELEASE}-{name}"]["spec"], services[f"{RELEASE}-{name}-grpc"]["spec"]
        for service in (site, grpc):
            assert service["selector"].items() <= labels.items()
            assert service["selector"] == deployment["selector"]["matchLabels"]
            assert {port["targetPort"] for port in service["ports"]} <= ports
        assert grpc["clusterIP"] == "None"
        assert {port["port"] for port in grpc["ports"]} == {9090, 9443}
        assert "clusterIP" not in site


def test_the_ingress_sends_each_page_to_its_service(made: list[Object], case: str) -> None:
    (ingress,) = of_kind(made, "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == CASES[case]["site"]["address"].partition("://")[2]
    routes = {
        path["path"]: (path["backend"]["service"]["name"], path["backend"]["service"]["port"]["name"])
        for path in rule["http"]["paths"]
    }
    assert routes == {
        **{f"/{name}": (f"{RELEASE}-{name}", "http") for name in SERVICES},
        "/": (f"{RELEASE}-deliberation", "http"),
    }
    assert ("tls" in ingress["spec"]) == CASES[case]["site"]["address"].startswith("https")


def test_nothing_that_selects_changes_with_an_upgrade(case: str) -> None:
    """A Deployment's selector cannot be changed, and a Service whose selector moved would lose its pods."""

    def selectors(found: list[Object]) -> dict[str, Any]:
        return {
            f"{each['kind']}/{each['metadata']['name']}": each["spec"].get("selector")
            or each["spec"].get("podSelector")
            for each in found
            if "spec" in each
        }

    later = merged(CASES[case], {"image": {"tag": "9.9.9"}})
    before, after = objects(CASES[case]), objects(later, upgrade=True)
    assert selectors(before) == selectors(after)
    for each in selectors(before).values():
        labels = (each or {}).get("matchLabels", each) or {}
        assert not labels.keys() & {"app.kubernetes.io/version", "helm.sh/chart"}


def with_its_database(case: str) -> bool:
    return bool(CASES[case].get("databases", {}).get("cloudnativepg", {}).get("enabled"))


@pytest.mark.parametrize("upgrade", [False, True])
def test_migrations_run_before_a_release(case: str, upgrade: bool) -> None:
    made = objects(CASES[case], upgrade=upgrade)
    (job,) = of_kind(made, "Job").values()
    account = of_kind(made, "ServiceAccount")[job["spec"]["template"]["spec"]["serviceAccountName"]]
    if with_its_database(case) and not upgrade:
        # Nothing can run before a database that comes with the release: pods wait for it and for the Job.
        assert "annotations" not in job["metadata"]
        assert "annotations" not in account["metadata"]
        return
    hooks = job["metadata"]["annotations"]
    assert hooks["helm.sh/hook"] == "pre-install,pre-upgrade"
    # What it needs is there before it: a hook of less weight, what an earlier release left, or not ours.
    assert int(account["metadata"]["annotations"]["helm.sh/hook-weight"]) < int(hooks["helm.sh/hook-weight"])
    if not upgrade:
        text = json.dumps(job)
        assert not any(f'"{name}"' in text for name in of_kind(made, "Secret"))


def test_the_migration_alone_knows_the_owners(made: list[Object], case: str) -> None:
    owners = "-owner" if with_its_database(case) else "borgerting-database-owners"
    knowing = {name for name, _, spec in pods(made) if owners in json.dumps(spec)}
    assert knowing == {f"Job/{RELEASE}-migrate"}


def test_the_doctor_comes_when_called_alone_and_is_not_tried_again(made: list[Object]) -> None:
    called = of_kind(made, "CronJob")
    assert {
        name: job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
        for name, job in called.items()
    } == {f"{RELEASE}-doctor": ["doctor"], f"{RELEASE}-doctor-mend": ["doctor", "--mend"]}
    for job in called.values():
        assert job["spec"]["suspend"] is True
        assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0


def test_a_secret_that_is_made_is_kept_and_serves(tmp_path: Path) -> None:
    first, second = (
        of_kind(objects({**TRIAL, "logLevel": level}), "Secret")[f"{RELEASE}-keys"]
        for level in ("info", "debug")
    )
    assert first["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert first["data"] != second["data"]
    file = tmp_path / "keys.json"
    file.write_bytes(base64.b64decode(first["data"]["keys.json"]))
    file.chmod(0o440)
    keys = FileKeys(tmp_path, SystemClock(), shared=True)
    assert len(keys.current("sessions").key) == 32
    (entry,) = json.loads(file.read_text())["keys"]
    assert len(base64.urlsafe_b64decode(entry["secret"])) == 32
    assert len(entry["kid"]) == 16


def test_nothing_is_secret_that_is_not_in_a_secret(made: list[Object]) -> None:
    for name, _, spec in pods(made):
        for container in spec["containers"]:
            for each in container.get("env", []):
                if each["name"].endswith(("PASSWORD", "SECRET", "DATABASE_URL", "MIGRATION_URL")):
                    assert "secretKeyRef" in each["valueFrom"], f"{name}: {each['name']}"


def test_no_password_that_services_use_is_in_their_environment(made: list[Object]) -> None:
    """There it would stand until the pod ends; addresses, which may hold one, say so in the values."""
    for name, deployment in of_kind(made, "Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        given = {each["name"] for each in container["env"] if "valueFrom" in each}
        service = name.removeprefix(f"{RELEASE}-").upper()
        assert given <= {f"BORGERTING_{service}__DATABASE_URL", "BORGERTING_TELEMETRY__OTLP_HEADERS"}
