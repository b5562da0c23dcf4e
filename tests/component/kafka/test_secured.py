"""A cluster as production has it: TLS on both sides and SASL on top."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from pydantic import SecretStr

from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.ports import CarrierAwayError
from chassis.rpc.authority import make_folder
from chassis.testing.stores import an_event
from tests.infrastructure.kafka import listening_securely, running_kafka

TOPIC = "borgerting.toy.v1"
PROPERTIES = """
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@dataclass
class Secured:
    settings: KafkaSettings

    def broker(self, **changes: Any) -> KafkaBroker:
        return KafkaBroker(self.settings.model_copy(update=changes))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder: Path = tmp_path_factory.mktemp("secured")
    made = make_folder(
        folder / "certificates", ["broker", "sortition"], ["127.0.0.1"], datetime.now(UTC), timedelta(days=1)
    )
    properties = listening_securely("SASL_SSL", made["broker"], folder) + PROPERTIES
    with running_kafka(folder / "broker", properties) as server:
        admin = KafkaAdminClient(bootstrap_servers=server.bootstrap)
        admin.alter_user_scram_credentials([scram("borgerting", "a secret")])
        admin.close()
        yield Secured(
            KafkaSettings(
                bootstrap=f"127.0.0.1:{server.secure_port}",
                security="SASL_SSL",
                ca_file=made["sortition"].ca,
                certificate_file=made["sortition"].certificate,
                key_file=made["sortition"].key,
                sasl_mechanism="SCRAM-SHA-512",
                username="borgerting",
                password=SecretStr("a secret"),
            )
        )


def scram(user: str, password: str) -> Any:
    from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

    return UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password)


def test_events_travel_encrypted_and_signed_in(secured: Secured) -> None:
    assert secured.settings.problems() == []
    broker = secured.broker()
    publisher, source = broker.publisher(), broker.source("one", TOPIC)
    sent = publisher.send(an_event(1))
    publisher.flush(10)
    sent.result(timeout=0)
    until = time.monotonic() + 20
    while not (taken := source.poll(0.5)):
        assert time.monotonic() < until
    source.commit(taken[-1])
    assert source.lag() == 0
    broker.check()
    broker.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": SecretStr("another")}, "SaslAuthenticationFailed"),
        ({"ca_file": None}, "CERTIFICATE_VERIFY_FAILED"),
        ({"certificate_file": None, "key_file": None}, "Connection"),
        ({"security": "PLAINTEXT"}, "Connection"),
    ],
    ids=["wrong password", "unknown authority", "no certificate", "in the clear"],
)
def test_who_does_not_fit_is_refused(
    secured: Secured, changes: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = secured.broker(**changes)
    publisher = broker.publisher()
    for act in (broker.check, lambda: publisher.send(an_event(1))):
        with pytest.raises(CarrierAwayError):
            act()
    # What is wrong, and no secret, stands in the log; a broker that was slow says it at the next attempt.
    until = time.monotonic() + 60
    while words not in caplog.text and time.monotonic() < until:
        with pytest.raises(CarrierAwayError):
            broker.check()
    broker.close()
    assert words in caplog.text
    assert "a secret" not in caplog.text
