"""How the suite reaches its Kafka cluster: `BORGERTING_KAFKA__…`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from chassis.secret_files import SecretFile, file_problem


class KafkaSettings(BaseModel):
    """One field per variable: `ca_file` is BORGERTING_KAFKA__CA_FILE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str = Field("", description="host:port of Kafka brokers, with commas between; needed alone")
    namespace: str = Field(
        "",
        pattern=r"^[a-z0-9._-]{0,63}$",
        description="begins the names of topics and groups, where several suites share a cluster",
    )
    create_topics: bool = Field(True, description="create missing topics; false: they must be there")
    partitions: int = Field(6, ge=1, le=1000, description="partitions of a topic that is created")
    replication: int = Field(
        0, ge=0, le=15, description="copies of a created topic; 0: as the cluster has it"
    )
    retention_days: int = Field(0, ge=0, description="how long a created topic keeps events; 0: for ever")
    session_seconds: float = Field(
        10.0, ge=1, le=300, description="after so long a silent replica's share goes to another"
    )
    instance: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,63}$",
        description="name of this replica, kept over restarts: it then takes its share up again at once",
    )
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    ca_file: Path | None = Field(None, description="certificates (PEM) that vouch for the brokers")
    certificate_file: Path | None = Field(None, description="our certificate (PEM), for mutual TLS")
    key_file: Path | None = Field(None, description="its private key (PEM)")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    username: str = Field("", description="of SASL")
    password: SecretStr = Field(SecretStr(""), description="of SASL")
    password_file: Path | None = Field(
        None, description="file with it instead, read at each sign-in; a line each while one replaces another"
    )

    def problems(self) -> list[str]:
        """What is wrong between fields and outside of them, each a sentence that names its variable."""
        found = []
        for address in self.bootstrap.split(",") if self.bootstrap else ():
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65536:
                found.append(f"BORGERTING_KAFKA__BOOTSTRAP: {address.strip()!r} is not host:port.")
        for field in ("ca_file", "certificate_file", "key_file"):
            path = getattr(self, field)
            if path is not None and not path.is_file():
                found.append(f"BORGERTING_KAFKA__{field.upper()}: there is no file {path}.")
            if path is not None and self.security not in ("SSL", "SASL_SSL"):
                found.append(
                    f"BORGERTING_KAFKA__{field.upper()} is for BORGERTING_KAFKA__SECURITY SSL or SASL_SSL."
                )
        if (self.certificate_file is None) != (self.key_file is None):
            found.append("BORGERTING_KAFKA__CERTIFICATE_FILE and BORGERTING_KAFKA__KEY_FILE go together.")
        inline = bool(self.password.get_secret_value())
        given = (bool(self.username), inline or self.password_file is not None)
        if inline and self.password_file is not None:
            found.append("BORGERTING_KAFKA__PASSWORD and BORGERTING_KAFKA__PASSWORD_FILE do not go together.")
        if self.password_file is not None and (reason := file_problem(self.password_file)):
            found.append(f"BORGERTING_KAFKA__PASSWORD_FILE: {self.password_file} cannot be used: {reason}.")
        if not all(given) if self.security.startswith("SASL_") else any(given):
            found.append(
                "BORGERTING_KAFKA__USERNAME and BORGERTING_KAFKA__PASSWORD (or …_FILE) are for "
                "BORGERTING_KAFKA__SECURITY SASL_SSL or SASL_PLAINTEXT, which need both."
            )
        return found

    def connection(self) -> dict[str, Any]:
        """What every client of the cluster is made with."""
        options: dict[str, Any] = {
            "bootstrap_servers": [address.strip() for address in self.bootstrap.split(",")],
            "security_protocol": self.security,
        }
        if self.security in ("SSL", "SASL_SSL"):
            options |= {
                "ssl_cafile": str(self.ca_file) if self.ca_file else None,
                "ssl_certfile": str(self.certificate_file) if self.certificate_file else None,
                "ssl_keyfile": str(self.key_file) if self.key_file else None,
            }
        if self.security.startswith("SASL_"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self._password(),
            }
        return options

    def _password(self) -> Any:
        if self.password_file is None:
            return self.password.get_secret_value()
        from chassis.events.kafka_passwords import PasswordFile

        return PasswordFile(SecretFile(self.password_file))
