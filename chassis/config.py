"""Settings: from `BORGERTING_…` environment variables and the command line, read once, by the command line
only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chassis.clock import SystemClock
from chassis.config_clock import parse_clock as parse_clock
from chassis.config_events import (
    ADDRESS_SUFFIX,
    GRPC_PORT,
    HTTP_PORT,
    KAFKA_PREFIX,
    OPS_PORT,
    address_problem,
    describe_kafka,
    production_kafka_problems,
    read_kafka,
)
from chassis.config_identity import IdentitySettings, identity_problems, production_identity_problems
from chassis.config_limits import LimitSettings, limit_problems
from chassis.config_stores import store_problems
from chassis.config_telemetry import TelemetrySettings, telemetry_problems
from chassis.events.kafka_settings import KafkaSettings

PREFIX = "BORGERTING_"
# Not settings of the suite, but of how its tests are run.
TESTS_PREFIX = "BORGERTING_TEST_"
Port = int


_URLS = {
    "database_urls": "DATABASE_URL",
    "migration_urls": "MIGRATION_URL",
    "grpc_addresses": "GRPC_ADDRESS",
}
"""Fields that a service's variables fill, and how those end."""


class SettingsError(Exception):
    """Everything that is wrong with the settings at once: `problems`, each a sentence naming its variable."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class SuiteSettings(IdentitySettings, TelemetrySettings, LimitSettings):
    """What the whole suite shares. A service's own settings are `BORGERTING_<SERVICE>__…`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=None,
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        populate_by_name=True,
    )

    data_dir: Path = Field(Path("data"), description="folder of the stores, the event log and the keys")
    clock: str = Field("", description="an instant to stand still at, or a shift as +P3M (tests only)")
    host: str = Field("127.0.0.1", description="address to listen on")
    http_port: Port = Field(HTTP_PORT, ge=0, le=65535, description="pages and REST; 0 takes a free one")
    grpc_port: Port = Field(GRPC_PORT, ge=0, le=65535, description="gRPC; 0 takes a free one")
    ops_port: Port = Field(OPS_PORT, ge=0, le=65535, description="/livez /readyz /metrics; 0: a free one")
    notice_seconds: float = Field(
        0.0, ge=0, le=60, description="how long it goes on answering once told to stop, to be asked no more"
    )
    drain_seconds: float = Field(20.0, ge=0, le=600, description="how long a stop then may take")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")
    database_urls: dict[str, str] = Field(
        default_factory=dict,
        exclude=True,
        repr=False,
        description="of each service: …__DATABASE_URL",
    )
    migration_urls: dict[str, str] = Field(
        default_factory=dict,
        exclude=True,
        repr=False,
        description="of each service: …__MIGRATION_URL",
    )
    grpc_addresses: dict[str, str] = Field(
        default_factory=dict, exclude=True, description="of each service: …__GRPC_ADDRESS"
    )
    kafka: KafkaSettings = Field(
        default_factory=lambda: KafkaSettings.model_validate({}),
        exclude=True,
        description="set by BORGERTING_KAFKA__…",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Only what load_settings hands in: one place reads the environment.
        return (init_settings,)

    def database_url(self, service: str) -> str:
        return self.database_urls.get(service) or f"sqlite:///{self.data_dir.absolute() / service}.sqlite3"

    def migration_url(self, service: str) -> str:
        """The owner's address of the service's PostgreSQL database; "" when this process has none."""
        return self.migration_urls.get(service, "")


class ServiceSettings(BaseModel):
    """Base of a service's own settings: a subclass's fields are its variables, with what each is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, service: str, variables: Mapping[str, str]) -> Self:
        """From `service_settings(service)`. Raises SettingsError with everything that is wrong."""
        try:
            return cls.model_validate(dict(variables))
        except ValidationError as error:
            raise SettingsError(
                f"{PREFIX}{service.upper()}__{str(found['loc'][0]).upper()}: {found['msg']}."
                for found in error.errors()
            ) from None


# Fields that are no variable of their own.
_GATHERED = (*_URLS, "kafka")

ServiceModels = Mapping[str, type[ServiceSettings] | None]
"""Service -> its own settings, None when it has none."""


def load_settings(
    services: Iterable[str],
    environment: Mapping[str, str] | None = None,
    *,
    alone: str | None = None,
    defaults: Mapping[str, Any] | None = None,
    **options: Any,
) -> SuiteSettings:
    """Settings from the environment, over which `options` (of the command line, None = not given) stand, and
    under it `defaults`. `alone` is the one of `services` that will run in this process, if not all do.

    Raises SettingsError with everything that is wrong at once: values, misspelt variables, the profile's
    rules.
    """
    environment = os.environ if environment is None else environment
    names = list(services)
    variables = {
        name: value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(TESTS_PREFIX) and value
    }
    known = {_variable(field): field for field in SuiteSettings.model_fields if field not in _GATHERED}
    kafka, problems = read_kafka(variables)
    values: dict[str, Any] = dict(defaults or {})
    urls: dict[str, dict[str, str]] = {suffix: {} for suffix in _URLS.values()}
    for variable, value in sorted(variables.items()):
        if variable in known:
            values[known[variable]] = value
        elif service := _service_of(variable, names):
            own = variable.removeprefix(f"{PREFIX}{service.upper()}__")
            if own in urls:
                urls[own][service] = value
        elif not variable.startswith(KAFKA_PREFIX):
            problems.append(f"{variable} is no setting; see `borgerting check-config --list`.")
    values.update({name: value for name, value in options.items() if value is not None})
    try:
        values.update({field: urls[suffix] for field, suffix in _URLS.items()})
        settings = SuiteSettings(**values, kafka=kafka)
    except ValidationError as error:
        raise SettingsError(problems + [_sentence(detail) for detail in error.errors()]) from None
    problems += _problems(settings, [alone] if alone else names)
    if problems:
        raise SettingsError(problems)
    return settings


def service_settings(service: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """A service's own variables, without prefix and in small letters; addresses are the suite's."""
    prefix = f"{PREFIX}{service.upper()}__"
    found = os.environ if environment is None else environment
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in found.items()
        if name.startswith(prefix) and name.removeprefix(prefix) not in _URLS.values()
    }


def check_settings(
    services: ServiceModels,
    environment: Mapping[str, str] | None = None,
    *,
    alone: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> SuiteSettings:
    """The suite's settings, when those of every service (or of the one that runs alone) are in order as well.

    Raises SettingsError with everything that is wrong, the suite's own first.
    """
    problems: list[str] = []
    settings = None
    try:
        settings = load_settings(services, environment, alone=alone, defaults=defaults)
    except SettingsError as error:
        problems += error.problems
    for service, model in services.items():
        if alone not in (None, service):
            continue
        try:
            (model or ServiceSettings).read(service, service_settings(service, environment))
        except SettingsError as error:
            problems += error.problems
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def describe_settings(services: ServiceModels) -> list[tuple[str, str, str]]:
    """Every variable with its default and what it is for."""
    rows = [
        (_variable(name), "" if field.default is None else str(field.default), field.description or "")
        for name, field in SuiteSettings.model_fields.items()
        if name not in _GATHERED
    ]
    rows += describe_kafka()
    for service, model in services.items():
        default = f"sqlite:///DATA_DIR/{service}.sqlite3"
        rows.append((f"{PREFIX}{service.upper()}__DATABASE_URL", default, f"{service}'s store"))
        owner = "its owner's address on PostgreSQL, for `borgerting migrate`"
        rows.append((f"{PREFIX}{service.upper()}__MIGRATION_URL", "", owner))
        rows.append(
            (
                f"{PREFIX}{service.upper()}{ADDRESS_SUFFIX}",
                "this machine, its default port",
                f"host:port where {service} answers gRPC, for those that ask it and run apart from it",
            )
        )
        rows += [
            (f"{PREFIX}{service.upper()}__{name.upper()}", str(field.default), field.description or "")
            for name, field in (model.model_fields if model else {}).items()
        ]
    return rows


def _variable(field: str) -> str:
    return SuiteSettings.model_fields[field].alias or f"{PREFIX}{field.upper()}"


def _service_of(variable: str, services: Iterable[str]) -> str | None:
    return next((name for name in services if variable.startswith(f"{PREFIX}{name.upper()}__")), None)


def _sentence(detail: Any) -> str:
    field = str(detail["loc"][0])
    variable = field if field.startswith(PREFIX) else _variable(field)
    return f"{variable}: {detail['msg']} (found {str(detail['input'])!r})."


def _problems(settings: SuiteSettings, services: list[str]) -> list[str]:
    problems = []
    if settings.data_dir.exists() and not (
        settings.data_dir.is_dir() and os.access(settings.data_dir, os.W_OK | os.X_OK)
    ):
        problems.append(f"BORGERTING_DATA_DIR: {settings.data_dir} is no folder that this user may write in.")
    if settings.clock:
        try:
            parse_clock(settings.clock, SystemClock())
        except ValueError as error:
            problems.append(f"BORGERTING_CLOCK: {error}.")
    if settings.base_url:
        parts = urlsplit(settings.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
            problems.append(
                "BORGERTING_BASE_URL must be scheme and host alone, as https://borgerting.example.dk"
                f" (found {settings.base_url!r})."
            )
    ports = {
        _variable(name): getattr(settings, name)
        for name in ("http_port", "grpc_port", "ops_port", *(("tls_port",) if settings.tls else ()))
    }
    taken = [port for port in ports.values() if port]
    if len(set(taken)) < len(taken):
        *others, last = ports
        problems.append(f"{', '.join(others)} and {last} must differ.")
    problems += store_problems(settings, services)
    problems += identity_problems(settings)
    problems += telemetry_problems(settings)
    problems += limit_problems(settings)
    for service, address in settings.grpc_addresses.items():
        problem = address_problem(f"{PREFIX}{service.upper()}{ADDRESS_SUFFIX}", address)
        problems += [problem] if problem else []
    if settings.profile == "production":
        problems += _production_problems(settings, services)
    return problems


def _production_problems(settings: SuiteSettings, services: list[str]) -> list[str]:
    problems = []
    if settings.clock:
        problems.append("BORGERTING_CLOCK is for tests: the production profile refuses to move its clock.")
    if not settings.base_url.startswith("https://"):
        problems.append("BORGERTING_BASE_URL must be set, and https, in the production profile.")
    return problems + production_kafka_problems(settings.kafka) + production_identity_problems(settings)
