"""Every setting that a pod is given exists, and together they pass what the program itself asks of them, with
the secrets and certificates mounted where the chart mounts them.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.alone import check_alone
from chassis.app import descriptors
from chassis.auth.keys import FileKeys
from chassis.clock import SystemClock
from chassis.config import SettingsError, SuiteSettings, check_settings, describe_settings
from chassis.rpc.authority import Authority
from tests.chart.rendering import CASES, NAMESPACE, RELEASE, Object, objects, of_kind
from tests.infrastructure.mounted import MountedSecret

SERVICES = sorted(descriptors())
MODELS = {name: found.settings() if found.settings else None for name, found in descriptors().items()}

Secrets = dict[str, dict[str, bytes]]


def secrets_of(values: Object, folder: Path) -> Secrets:
    """What an operator makes before an installation, and what cert-manager would make."""
    now = datetime.now(UTC)
    authority = Authority(now)
    FileKeys(folder / "operator", SystemClock())
    kafka, databases = values.get("kafka", {}), values.get("databases", {})

    def url(service: str, end: str = "") -> bytes:
        name = f"borgerting_{service}"
        if databases.get("passwordSecret") and not end:
            return f"postgresql://{name}@db.test/{name}?password_file=/etc/borgerting/databases/{service}".encode()
        return f"postgresql://{name}{end}:secret@db.test/{name}".encode()

    found: Secrets = {
        databases.get("secret", "borgerting-databases"): {name: url(name) for name in SERVICES},
        databases.get("ownerSecret", "borgerting-database-owners"): {
            name: url(name, "_owner") for name in SERVICES
        },
        databases.get("passwordSecret", ""): dict.fromkeys(SERVICES, b"secret\nnext\n"),
        values.get("certificates", {}).get("caConfigMap", ""): {"ca.crt": authority.issued.certificate},
        values.get("keys", {}).get("secret", ""): {"keys.json": (folder / "operator/keys.json").read_bytes()},
        values.get("signIn", {}).get("clientSecret", ""): {"client-secret": b"secret"},
        kafka.get("passwordSecret", ""): {"password": b"secret"},
        kafka.get("caSecret", ""): {"ca.crt": authority.issued.certificate},
        databases.get("caSecret", ""): {"ca.crt": authority.issued.certificate},
        values.get("tracing", {}).get("headersSecret", ""): {"headers": b"authorization=Bearer secret"},
        values.get("tracing", {}).get("caSecret", ""): {"ca.crt": authority.issued.certificate},
        # Strimzi's own.
        f"{RELEASE}-cluster-ca-cert": {"ca.crt": authority.issued.certificate, "ca.p12": b"secret"},
        # CloudNativePG's own.
        f"{RELEASE}-postgresql-ca": {"ca.crt": authority.issued.certificate, "ca.key": b"secret"},
    }
    for name in SERVICES:
        host = f"{RELEASE}-{name}-grpc.{NAMESPACE}.svc"
        own = authority.issue([name], [host], begin=now, end=now + timedelta(days=90))
        found[f"{RELEASE}-{name}-tls"] = {
            "ca.crt": authority.issued.certificate,
            "tls.crt": own.certificate,
            "tls.key": own.key,
        }
        for user in (kafka.get("certificateSecret", ""), f"{RELEASE}-kafka-{name}"):
            found.setdefault(user, {}).update({"user.crt": own.certificate, "user.key": own.key})
    for name, secret in of_kind(objects(values), "Secret").items():
        found[name] = {key: base64.b64decode(value) for key, value in secret.get("data", {}).items()}
        found[name] |= {key: value.encode() for key, value in secret.get("stringData", {}).items()}
    return found


def environment(spec: Object, secrets: Secrets, root: Path) -> dict[str, str]:
    """The container's variables as the kubelet makes them, with its mounts below `root`."""
    (container,) = spec["containers"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for mount in container["volumeMounts"]:
        folder = root / mount["mountPath"].lstrip("/")
        volume = volumes[mount["name"]]
        content: dict[str, bytes] = {}
        for source in volume.get("projected", {}).get("sources", [volume]):
            kind = source.get("secret") or source.get("configMap") or {}
            if name := kind.get("secretName") or kind.get("name"):
                keys = {key: key for key in secrets[name]}
                keys = {each["key"]: each["path"] for each in kind.get("items", [])} or keys
                content |= {path: secrets[name][key] for key, path in keys.items()}
        if content:
            mode = next(volume[each] for each in ("secret", "configMap", "projected") if each in volume)
            MountedSecret(folder, content, mode["defaultMode"])
        else:
            folder.mkdir(parents=True)
    found = {}
    for variable in container["env"]:
        value = variable.get("value")
        if value is None:
            reference = variable["valueFrom"]["secretKeyRef"]
            value = secrets[reference["name"]][reference["key"]].decode()
        found[variable["name"]] = (
            f"{root}{value}" if value.startswith(("/etc/borgerting", "/data")) else value
        ).replace("password_file=/", f"password_file={root}/")
    assert len(found) == len(container["env"]), "a variable is given twice"
    return found


def checked(values: Object, service: str, root: Path) -> SuiteSettings:
    """As `borgerting check-config --service` does. Raises SettingsError."""
    made = objects(values)
    secrets = secrets_of(values, root)
    spec = of_kind(made, "Deployment")[f"{RELEASE}-{service}"]["spec"]["template"]["spec"]
    settings = check_settings(MODELS, environment(spec, secrets, root), alone=service)
    check_alone(settings, descriptors()[service])
    return settings


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("case", CASES)
def test_the_program_takes_the_settings_of_each_pod(case: str, service: str, tmp_path: Path) -> None:
    settings = checked(CASES[case], service, tmp_path)
    assert settings.profile == CASES[case].get("profile", "production")
    # Whom it asks it finds at that one's headless Service, and it knows no other.
    port = 9443 if settings.tls else 9090
    assert settings.grpc_addresses == {
        asked: f"{RELEASE}-{asked}-grpc.{NAMESPACE}.svc:{port}" for asked in descriptors()[service].asks
    }
    assert settings.database_urls.keys() == {service}
    assert not settings.migration_urls


@pytest.mark.parametrize("case", CASES)
def test_the_program_takes_the_settings_of_the_migration(case: str, tmp_path: Path) -> None:
    made = objects(CASES[case])
    (job,) = of_kind(made, "Job").values()
    secrets = secrets_of(CASES[case], tmp_path)
    variables = environment(job["spec"]["template"]["spec"], secrets, tmp_path / "pod")
    settings = check_settings(MODELS, variables)
    assert sorted(settings.migration_urls) == sorted(settings.database_urls) == SERVICES


@pytest.mark.parametrize("case", CASES)
def test_the_program_takes_the_settings_of_the_doctor(case: str, tmp_path: Path) -> None:
    """It sees every store and the log, with no owner's address and as a user who may read all topics."""
    made, secrets = objects(CASES[case]), secrets_of(CASES[case], tmp_path)
    for name, job in of_kind(made, "CronJob").items():
        spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        settings = check_settings(MODELS, environment(spec, secrets, tmp_path / name))
        assert sorted(settings.database_urls) == SERVICES
        assert not settings.migration_urls
        served = checked(CASES[case], "deliberation", tmp_path / f"{name}-beside")
        assert settings.kafka.bootstrap == served.kafka.bootstrap
        assert settings.kafka.namespace == served.kafka.namespace


@pytest.mark.parametrize("case", CASES)
def test_every_variable_is_one_that_the_program_lists(case: str) -> None:
    listed = {variable for variable, _, _ in describe_settings(MODELS)}
    for name, deployment in of_kind(objects(CASES[case]), "Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        unknown = {variable["name"] for variable in container["env"]} - listed
        assert not unknown, f"{name}: {unknown}"


def test_what_the_program_would_refuse_is_noticed_here(tmp_path: Path) -> None:
    """A client that is the audience passes the schema, which compares no two values."""
    values = CASES["one municipality"]
    same = {**values, "signIn": {**values["signIn"], "audience": values["signIn"]["clientId"]}}
    with pytest.raises(SettingsError, match="BORGERTING_OIDC__AUDIENCE must differ"):
        checked(same, "sortition", tmp_path)
