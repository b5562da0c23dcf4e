"""A cluster as production has it: TLS on both sides and SASL on top."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
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
    in_the_clear: str
    settings: KafkaSettings

    def broker(self, **changes: Any) -> KafkaBroker:
        return KafkaBroker(self.settings.model_copy(update=changes))

    def change_password(self, user: str, password: str) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.in_the_clear)
        admin.alter_user_scram_credentials([scram(user, password)])
        admin.close()


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
            server.bootstrap,
            KafkaSettings(
                bootstrap=f"127.0.0.1:{server.secure_port}",
                security="SASL_SSL",
                ca_file=made["sortition"].ca,
                certificate_file=made["sortition"].certificate,
                key_file=made["sortition"].key,
                sasl_mechanism="SCRAM-SHA-512",
                username="borgerting",
                password=SecretStr("a secret"),
            ),
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


def eventually(act: Callable[[], None]) -> None:
    """Within a ceiling for busy machines, and with nothing but absences before."""
    end = time.monotonic() + 60
    while True:
        try:
            return act()
        except CarrierAwayError:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_password_is_changed_under_a_running_broker(secured: Secured, tmp_path: Path) -> None:
    """No event is refused on the way: what a client says meanwhile is that the cluster is away."""
    file = tmp_path / "password"
    file.write_text("first\n")
    secured.change_password("rotated", "first")
    broker = secured.broker(username="rotated", password=SecretStr(""), password_file=file)
    sent = 0

    def send() -> None:
        publisher = broker.publisher()
        try:
            future = publisher.send(an_event(sent + 1))
            publisher.flush(10)
            future.result(timeout=0)
        finally:
            publisher.close()

    def all_work() -> None:
        """By new connections: what is open lives on with the password from before."""
        nonlocal sent
        eventually(broker.check)
        eventually(send)
        sent += 1

    all_work()
    file.write_text("first\nsecond\n")
    all_work()
    secured.change_password("rotated", "second")
    all_work()
    file.write_text("second\n")
    all_work()
    # In the wrong order it waits, and comes back by itself.
    secured.change_password("rotated", "third")
    publisher = broker.publisher()
    with pytest.raises(CarrierAwayError):
        publisher.send(an_event(sent + 1))
    publisher.close()
    file.write_text("third\n")
    all_work()
    source = broker.source("two", TOPIC)
    taken: list[Any] = []
    end = time.monotonic() + 60
    while len({each.event.envelope.id for each in taken}) < sent:
        with suppress(CarrierAwayError):
            taken += source.poll(0.5)
        assert time.monotonic() < end
    source.close()
    broker.close()
