"""Settings of traces: where they are sent, and how many of them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

_EXTRA = "opentelemetry.exporter.otlp.proto.grpc"
_PREFIX = "BORGERTING_TELEMETRY__"


class TelemetrySettings(BaseSettings):
    """Part of SuiteSettings."""

    telemetry_otlp_endpoint: str = Field(
        "",
        alias="BORGERTING_TELEMETRY__OTLP_ENDPOINT",
        description="who collects traces, by OTLP over gRPC, as http://collector:4317; empty: none are made",
    )
    telemetry_otlp_ca_file: Path | None = Field(
        None,
        alias="BORGERTING_TELEMETRY__OTLP_CA_FILE",
        description="certificates (PEM) of who signs the collector's, with https; else the system's",
    )
    telemetry_otlp_headers: SecretStr = Field(
        SecretStr(""),
        alias="BORGERTING_TELEMETRY__OTLP_HEADERS",
        description="sent to the collector, as authorization=Bearer x, separated by commas; only with https",
    )
    telemetry_sample_ratio: float = Field(
        1.0,
        alias="BORGERTING_TELEMETRY__SAMPLE_RATIO",
        ge=0,
        le=1,
        description="which share of all traces is kept; the same for all services, so that each is whole",
    )

    @property
    def traces(self) -> bool:
        return bool(self.telemetry_otlp_endpoint)

    @property
    def telemetry_headers(self) -> tuple[tuple[str, str], ...]:
        """Names in small letters, as gRPC wants them."""
        parts = (part.partition("=") for part in self.telemetry_otlp_headers.get_secret_value().split(","))
        return tuple((name.strip().lower(), value.strip()) for name, _, value in parts if name.strip())


def telemetry_problems(settings: TelemetrySettings) -> list[str]:
    """All that is wrong with them, a sentence each; never a header's value."""
    if not settings.traces:
        return []
    problems = []
    endpoint = urlsplit(settings.telemetry_otlp_endpoint)
    try:
        usable = endpoint.scheme in ("http", "https") and endpoint.hostname and endpoint.port
    except ValueError:
        usable = None
    if not usable or endpoint.path.strip("/") or endpoint.query or endpoint.username:
        problems.append(
            f"{_PREFIX}OTLP_ENDPOINT must be scheme, host and port, as http://collector:4317 "
            f"(found {settings.telemetry_otlp_endpoint!r})."
        )
    secure = endpoint.scheme == "https"
    if settings.telemetry_otlp_headers.get_secret_value() and not secure:
        problems.append(f"{_PREFIX}OTLP_HEADERS would travel in the clear: the endpoint must be https.")
    if any("\n" in value or not value for _, value in settings.telemetry_headers):
        problems.append(f"{_PREFIX}OTLP_HEADERS must be name=value, separated by commas.")
    ca = settings.telemetry_otlp_ca_file
    if ca is not None and not ca.is_file():
        problems.append(f"{_PREFIX}OTLP_CA_FILE: there is no file {ca}.")
    if not _installed():
        problems.append(
            f"{_PREFIX}OTLP_ENDPOINT needs OpenTelemetry's exporter: pip install 'borgerting[telemetry]'."
        )
    return problems


def _installed() -> bool:
    try:
        return find_spec(_EXTRA) is not None
    except ModuleNotFoundError:
        return False
