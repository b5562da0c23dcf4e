"""Settings of Kafka and of services that run apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.alone import Neighbours, check_alone, lock_folder
from chassis.app import Descriptor, Service
from chassis.config import SettingsError, SuiteSettings, describe_settings, load_settings
from chassis.config_events import ports_of
from chassis.errors import DomainError
from chassis.folder_lock import FolderLock

NAMES = ["sortition", "deliberation"]
SORTITION = Descriptor(
    "sortition", lambda context: Service("sortition"), "services.sortition.migrations", number=1
)
DELIBERATION = Descriptor(
    "deliberation",
    lambda context: Service("deliberation"),
    "services.deliberation.migrations",
    number=2,
    asks=["sortition"],
)
INSTALLED = {"sortition": SORTITION, "deliberation": DELIBERATION}


SASL = {"KAFKA__SECURITY": "SASL_SSL", "KAFKA__USERNAME": "us"}


def settings(**variables: str) -> SuiteSettings:
    return load_settings(NAMES, {f"BORGERTING_{name}": value for name, value in variables.items()})


def problems(**variables: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        settings(**variables)
    return refused.value.problems


def test_kafka_s_settings_are_read_from_their_variables() -> None:
    kafka = settings(
        KAFKA__BOOTSTRAP="a:9092, b:9093",
        KAFKA__SECURITY="SASL_PLAINTEXT",
        KAFKA__USERNAME="us",
        KAFKA__PASSWORD="secret",
        KAFKA__PARTITIONS="12",
        TEST_CACHE="/somewhere",
    ).kafka
    assert kafka.connection() == {
        "bootstrap_servers": ["a:9092", "b:9093"],
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "us",
        "sasl_plain_password": "secret",
    }
    assert kafka.partitions == 12
    assert "secret" not in repr(kafka)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"KAFKA__BOOTSTRAP": "broker"}, "BORGERTING_KAFKA__BOOTSTRAP: 'broker' is not host:port."),
        ({"KAFKA__BOOTSTRAP": "a:1,b:99999"}, "'b:99999' is not host:port."),
        ({"KAFKA__BOOTSTRP": "a:1"}, "BORGERTING_KAFKA__BOOTSTRP is no setting"),
        ({"KAFKA__PARTITIONS": "0"}, "BORGERTING_KAFKA__PARTITIONS: "),
        ({"KAFKA__NAMESPACE": "Æ"}, "BORGERTING_KAFKA__NAMESPACE: "),
        ({"KAFKA__SECURITY": "TLS"}, "BORGERTING_KAFKA__SECURITY: "),
        ({"KAFKA__SECURITY": "SSL", "KAFKA__CA_FILE": "/nowhere"}, "there is no file /nowhere."),
        ({"KAFKA__CA_FILE": __file__}, "BORGERTING_KAFKA__CA_FILE is for BORGERTING_KAFKA__SECURITY SSL"),
        ({"KAFKA__SECURITY": "SSL", "KAFKA__KEY_FILE": __file__}, "go together."),
        ({"KAFKA__SECURITY": "SASL_SSL", "KAFKA__USERNAME": "us"}, "which need both."),
        ({"KAFKA__PASSWORD": "secret"}, "which need both."),
        (
            {**SASL, "KAFKA__PASSWORD": "secret", "KAFKA__PASSWORD_FILE": "/etc/hostname"},
            "do not go together.",
        ),
        ({**SASL, "KAFKA__PASSWORD_FILE": "/nowhere"}, "/nowhere cannot be used: No such file"),
        ({**SASL, "KAFKA__PASSWORD_FILE": __file__}, "cannot be used: one on each of 1 to 4 lines"),
        ({"SORTITION__GRPC_ADDRESS": "sortition"}, "BORGERTING_SORTITION__GRPC_ADDRESS must be host:port"),
    ],
)
def test_what_is_wrong_is_said_by_variable(variables: dict[str, str], words: str) -> None:
    (found,) = problems(**variables)
    assert words in found
    assert "secret" not in found


def test_every_variable_is_listed_and_no_secret_with_it() -> None:
    rows = {variable: default for variable, default, _ in describe_settings({"sortition": None})}
    assert rows["BORGERTING_KAFKA__PARTITIONS"] == "6"
    assert rows["BORGERTING_KAFKA__PASSWORD"] == ""
    assert "BORGERTING_SORTITION__GRPC_ADDRESS" in rows
    assert "BORGERTING_KAFKA" not in rows


def test_alone_a_service_needs_a_broker_and_in_production_all_that_joins_them(tmp_path: Path) -> None:
    check_alone(settings(KAFKA__BOOTSTRAP="a:1"), DELIBERATION)
    with pytest.raises(SettingsError) as refused:
        check_alone(settings(), DELIBERATION)
    assert "--service deliberation needs BORGERTING_KAFKA__BOOTSTRAP" in refused.value.problems[0]
    production = settings().model_copy(update={"profile": "production"})
    with pytest.raises(SettingsError) as refused:
        check_alone(production, DELIBERATION)
    assert [problem.split()[0] for problem in refused.value.problems] == [
        "--service",
        "BORGERTING_SORTITION__GRPC_ADDRESS",
        "BORGERTING_TLS__CERTIFICATE,",
    ]
    found = problems(PROFILE="production", KAFKA__BOOTSTRAP="a:1")
    assert any(problem.startswith("BORGERTING_KAFKA__SECURITY must be SSL") for problem in found)


def test_of_one_that_runs_alone_only_its_own_store_counts() -> None:
    environment = {"BORGERTING_SORTITION__DATABASE_URL": "mysql://x"}
    with pytest.raises(SettingsError):
        load_settings(NAMES, environment)
    found = load_settings(NAMES, environment, alone="deliberation", defaults=ports_of(2), grpc_port=7)
    assert (found.http_port, found.grpc_port, found.ops_port, found.tls_port) == (8082, 7, 9102, 9445)
    own = {"BORGERTING_HTTP_PORT": "81"}
    assert load_settings(NAMES, own, alone="deliberation", defaults=ports_of(2)).http_port == 81


def test_where_a_neighbour_is() -> None:
    assert Neighbours(settings(), INSTALLED).address("sortition") == "127.0.0.1:9091"
    configured = settings(SORTITION__GRPC_ADDRESS="sortition.example:9443")
    neighbours = Neighbours(configured, INSTALLED)
    assert neighbours.address("sortition") == "sortition.example:9443"
    assert neighbours.channel("sortition") is neighbours.channel("sortition")
    neighbours.close()
    with pytest.raises(DomainError) as unknown:
        neighbours.channel("elsewhere")
    assert unknown.value.reason == "SERVICE_UNKNOWN"


def test_services_share_a_data_folder_and_the_suite_does_not(tmp_path: Path) -> None:
    own = load_settings(NAMES, {}, data_dir=tmp_path)
    with lock_folder(own, "sortition"):
        with lock_folder(own, "deliberation"):
            pass
        for another in (lock_folder(own, "sortition"), lock_folder(own, None), FolderLock(tmp_path)):
            with pytest.raises(DomainError) as refused, another:
                pass
            assert refused.value.reason == "DATA_FOLDER_IN_USE"
    with lock_folder(own, None), pytest.raises(DomainError), lock_folder(own, "sortition"):
        pass
    elsewhere = own.model_copy(update={"database_urls": {"sortition": "postgresql+psycopg://h/s"}})
    with lock_folder(elsewhere, "sortition"), lock_folder(elsewhere, "sortition"):
        pass
