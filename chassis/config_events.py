"""Settings of what joins the services when each runs as a process of its own: Kafka, and who is where."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr, ValidationError

from chassis.events.kafka_settings import KafkaSettings

KAFKA_PREFIX = "BORGERTING_KAFKA__"
ADDRESS_SUFFIX = "__GRPC_ADDRESS"

HTTP_PORT, GRPC_PORT, OPS_PORT, TLS_PORT = 8080, 9090, 9100, 9443
"""Where the whole suite listens; a service alone adds its number (chassis.app.Descriptor)."""


def ports_of(number: int) -> dict[str, int]:
    """The default ports of the service of that number, alone; 0 is the whole suite."""
    return {
        "http_port": HTTP_PORT + number,
        "grpc_port": GRPC_PORT + number,
        "ops_port": OPS_PORT + number,
        "tls_port": TLS_PORT + number,
    }


def read_kafka(variables: Mapping[str, str]) -> tuple[KafkaSettings, list[str]]:
    """From the variables of the environment, and all that is wrong with them (never what they hold)."""
    own = {
        name.removeprefix(KAFKA_PREFIX).lower(): value
        for name, value in variables.items()
        if name.startswith(KAFKA_PREFIX)
    }
    problems = [
        f"{KAFKA_PREFIX}{name.upper()} is no setting; see `borgerting check-config --list`."
        for name in own
        if name not in KafkaSettings.model_fields
    ]
    try:
        known = {name: value for name, value in own.items() if name in KafkaSettings.model_fields}
        settings = KafkaSettings.model_validate(known)
    except ValidationError as error:
        problems += [
            f"{KAFKA_PREFIX}{str(found['loc'][0]).upper()}: {found['msg']}." for found in error.errors()
        ]
        return KafkaSettings.model_validate({}), problems
    return settings, problems + settings.problems()


def describe_kafka() -> list[tuple[str, str, str]]:
    """Variable, default, what it is for."""
    rows = []
    for name, field in KafkaSettings.model_fields.items():
        value = field.default
        default = "" if value is None or isinstance(value, SecretStr) else str(value)
        rows.append((f"{KAFKA_PREFIX}{name.upper()}", default, field.description or ""))
    return rows


def address_problem(variable: str, address: str) -> str | None:
    """What is wrong with where a neighbour is said to be."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        return f"{variable} must be host:port (found {address!r})."
    return None


def production_kafka_problems(settings: KafkaSettings) -> list[str]:
    """What the production profile refuses."""
    if settings.bootstrap and settings.security in ("PLAINTEXT", "SASL_PLAINTEXT"):
        return [
            "BORGERTING_KAFKA__SECURITY must be SSL or SASL_SSL in the production profile "
            "(events and passwords would travel in the clear)."
        ]
    return []
