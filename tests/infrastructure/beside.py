"""Beside the suite in a test cluster: PostgreSQL, Kafka and the ingress controller, each in a pod.

The stores answer by TLS, as production asks, and in the clear, for a trial. What they hold ends with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chassis.db_roles import Roles, database_script
from chassis.rpc.authority import Authority
from tests.infrastructure import kafka
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.controller import NAMESPACE as CONTROLLER
from tests.infrastructure.controller import Controller
from tests.infrastructure.kube_objects import (
    Object,
    config,
    listening,
    machine_pod,
    namespace,
    of_config,
    of_machine,
    of_secret,
    secret,
    service,
)
from tests.infrastructure.places import program
from tests.infrastructure.postgres import PASSWORD, find_binaries

STORES = "stores"
POSTGRESQL = f"postgresql.{STORES}.svc.cluster.local"
KAFKA = f"kafka.{STORES}.svc.cluster.local"
KAFKA_PORT = 30092
"""On the node's address, in the clear."""

_POSTGRESQL = """
umask 077
cp /certificates/* /data/
if [ ! -e /data/ready ]; then
  initdb --no-sync --username=postgres --auth=trust --encoding=UTF8 --locale=C -D /data/db
  printf '%s\\n' 'local all all trust' 'host all all 0.0.0.0/0 scram-sha-256' > /data/db/pg_hba.conf
  touch /data/ready
fi
exec postgres -D /data/db -c listen_addresses='*' -c unix_socket_directories=/data -c max_connections=200 \\
  -c shared_buffers=64MB -c fsync=off -c full_page_writes=off -c password_encryption=scram-sha-256 \\
  -c ssl=on -c ssl_cert_file=/data/tls.crt -c ssl_key_file=/data/tls.key
"""

_KAFKA = """
umask 077
[ -e /data/meta.properties ] || cp -r /jars/formatted/. /data/
cat /certificates/tls.key /certificates/tls.crt > /tmp/keystore.pem
exec {java} {flags} -cp '/jars/*' kafka.Kafka /config/broker.properties
"""

_LISTENERS = """
listeners=PLAINTEXT://:9092,SECURE://:9093,NODE://:9094,CONTROLLER://127.0.0.1:9095
advertised.listeners=PLAINTEXT://{name}:9092,SECURE://{name}:9093,NODE://{node}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,NODE:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SSL
ssl.keystore.type=PEM
ssl.keystore.location=/tmp/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=/certificates/ca.crt
ssl.client.auth=required
"""


class Beside:
    """`authority` signs every certificate."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.authority = Authority(datetime.now(UTC))
        self.ca = self.authority.issued.certificate.decode()
        self.controller = Controller(cluster, self.ca)

    def start(self) -> None:
        """Until all three are ready."""
        self.cluster.apply(namespace(STORES), *self._postgresql(), *self._kafka(), *self.controller.objects())
        for space in (STORES, CONTROLLER):
            ready = ("pods", "--all", "--for=condition=Ready", "--timeout=300s", "--namespace", space)
            self.cluster.kubectl("wait", *ready, seconds=400)

    def certificate(self, owner: str, *hosts: str) -> dict[str, str]:
        """The keys of a secret: ca.crt, tls.crt and tls.key."""
        now = datetime.now(UTC)
        issued = self.authority.issue([owner], hosts, begin=now, end=now + timedelta(days=30))
        return {"ca.crt": self.ca, "tls.crt": issued.certificate.decode(), "tls.key": issued.key.decode()}

    def databases(
        self, services: Iterable[str], prefix: str, parameters: str = "", password_files: str = ""
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Databases and roles as an operator makes them: the addresses of the logins, and of the owners.

        Where services have their passwords in files, those of the logins have none: `password_files` is
        the folder, in which each service's file has its name.
        """
        bases = {name: prefix + name for name in services}
        users = [user for base in bases.values() for user in (base, Roles(base).owner)]
        variables = [part for user in users for part in ("-v", f"{user}_password={PASSWORD}")]
        self.sql("postgres", database_script(bases, prefix), *variables)

        def address(user: str, base: str) -> str:
            return f"postgresql://{user}:{PASSWORD}@{POSTGRESQL}/{base}{parameters}"

        def login(name: str, base: str) -> str:
            if not password_files:
                return address(base, base)
            file = f"{'&' if parameters else '?'}password_file={password_files}/{name}"
            return f"postgresql://{base}@{POSTGRESQL}/{base}{parameters}{file}"

        return (
            {name: login(name, base) for name, base in bases.items()},
            {name: address(Roles(base).owner, base) for name, base in bases.items()},
        )

    def sql(self, database: str, script: str, *options: str) -> str:
        """What psql prints, as a superuser."""
        psql = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", *options)
        where = ("exec", "-i", "--namespace", STORES, "postgresql", "--")
        return self.cluster.kubectl(*where, *psql, "-f", "-", database, given=script)

    def _postgresql(self) -> list[Object]:
        pod = machine_pod(
            "postgresql",
            STORES,
            _POSTGRESQL,
            path=str(find_binaries()),
            mounts={"/certificates": of_secret("postgresql")},
            ready={"exec": {"command": ["pg_isready", "-q"]}},
        )
        held = self.certificate("postgresql", POSTGRESQL)
        return [secret("postgresql", STORES, held), pod, service("postgresql", STORES, {5432: 0})]

    def _kafka(self) -> list[Object]:
        properties = kafka.PROPERTIES.read_text(encoding="ascii").format(
            port=0, controller=9095, data="/data"
        )
        listeners = _LISTENERS.format(name=KAFKA, node=self.cluster.address, port=KAFKA_PORT)
        java = Path(program("java", "openjdk-17-jre-headless")).resolve()
        script = _KAFKA.format(java=java, flags=" ".join(kafka.FLAGS))
        mounts = {
            "/certificates": of_secret("kafka"),
            "/config": of_config("kafka"),
            "/jars": of_machine(str(kafka.jars())),
            # Debian's JRE has its settings there.
            "/etc/java-17-openjdk": of_machine("/etc/java-17-openjdk"),
        }
        return [
            secret("kafka", STORES, self.certificate("kafka", KAFKA)),
            config("kafka", STORES, {"broker.properties": properties + listeners}),
            machine_pod("kafka", STORES, script, mounts=mounts, ready=listening(9092)),
            service("kafka", STORES, {9092: 0, 9093: 0}),
            service("kafka-node", STORES, {9094: KAFKA_PORT}, app="kafka"),
        ]
