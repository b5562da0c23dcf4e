"""A real Apache Kafka broker: one node in KRaft mode, on loopback, its data in a folder of its own.

The broker's jars are what `kafka_broker/pom.xml` names, fetched once by Maven. Needs a JRE 17 and Maven
(Debian `openjdk-17-jre-headless`, `maven`; `make setup` installs them).
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chassis.rpc.certificates import CertificateFiles
from tests.infrastructure.places import cache, free_ports, lasting_ports, program

_POM = Path(__file__).parent / "kafka_broker" / "pom.xml"
PROPERTIES = Path(__file__).parent / "kafka_broker" / "broker.properties"
_CLUSTER = "Qm9yZ2VydGluZ1Rlc3RzMQ"
# A small heap and the quick compiler alone: a broker of the tests lives for seconds.
FLAGS = ("-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class KafkaBroker:
    """One broker; it keeps its ports and its data through stop, kill and start.

    `properties` are its own; `{secure}` in them is a port for one more listener. `node` is its number in a
    cluster, and `ports` are its broker's, its controller's and that one.
    """

    def __init__(
        self, folder: Path, properties: str = "", *, node: int = 1, ports: Sequence[int] = ()
    ) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._java = program("java", "openjdk-17-jre-headless")
        self._jars = jars()
        self._process: subprocess.Popen[bytes] | None = None
        self._port, self._controller_port, self.secure_port = ports or free_ports(3)
        self.node = node
        folder.mkdir(parents=True, exist_ok=True)
        # Formatting costs a JVM's start: done once, and copied since (a broker alone needs no identity).
        shutil.copytree(self._jars / "formatted", self._data)
        if node != 1:
            self._become(node)
        properties = (PROPERTIES.read_text(encoding="ascii") + properties).format(
            port=self._port, controller=self._controller_port, data=self._data, secure=self.secure_port
        )
        (folder / "broker.properties").write_text(properties, encoding="ascii")

    def _become(self, node: int) -> None:
        """In a cluster each has a number and a folder's name of its own."""
        identity = self._data / "meta.properties"
        own = {
            "node.id": str(node),
            "directory.id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22],
        }
        lines = identity.read_text(encoding="ascii").splitlines()
        changed = [
            f"{name}={own[name]}" if (name := line.partition("=")[0]) in own else line for line in lines
        ]
        identity.write_text("\n".join(changed) + "\n", encoding="ascii")

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, seconds: float = 180.0) -> None:
        """Until clients can connect. Raises RuntimeError with the end of its log."""
        self.launch()
        self.wait_until_listening(seconds)

    def launch(self) -> None:
        """It ends with the thread that calls this."""
        with (self._folder / "broker.log").open("ab") as out:
            self._process = subprocess.Popen(
                # It ends with the tests, however those end.
                ["setpriv", "--pdeathsig", "KILL", self._java, *FLAGS, "-cp", f"{self._jars}/*",
                 "kafka.Kafka", "broker.properties"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait_until_listening(self, seconds: float) -> None:
        """Raises RuntimeError with the end of its log."""
        assert self._process is not None
        log = self._folder / "broker.log"
        until = time.monotonic() + seconds
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"Kafka did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def stop(self, seconds: float = 30.0) -> None:
        """In good order (SIGTERM)."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """SIGKILL: what it had not written is lost."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def freeze(self) -> None:
        """It answers nothing, and keeps its connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def listening_securely(protocol: str, broker: CertificateFiles, folder: Path) -> str:
    """Properties of a broker that listens by `protocol` (SSL, SASL_SSL), too, and asks for certificates.

    `folder` takes its keystore.
    """
    keystore = folder / "keystore.pem"
    keystore.write_bytes(broker.key.read_bytes() + broker.certificate.read_bytes())
    return f"""
listeners=PLAINTEXT://127.0.0.1:{{port}},SECURE://127.0.0.1:{{secure}},CONTROLLER://127.0.0.1:{{controller}}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},SECURE://127.0.0.1:{{secure}}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:{protocol}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={broker.ca}
ssl.client.auth=required
listener.name.secure.ssl.client.auth=required
"""


@contextmanager
def running_kafka(folder: Path, properties: str = "") -> Iterator[KafkaBroker]:
    """A broker that is started, and ended whatever happens."""
    broker = KafkaBroker(folder, properties)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@contextmanager
def running_cluster(folder: Path, count: int = 3) -> Iterator[list[KafkaBroker]]:
    """Brokers that keep a copy each of everything, of which all but one must have what is acknowledged."""
    ports = lasting_ports(3 * count)
    own = {node: ports[3 * node - 3 : 3 * node] for node in range(1, count + 1)}
    voters = ",".join(f"{node}@127.0.0.1:{controller}" for node, (_, controller, _) in own.items())
    brokers = [
        KafkaBroker(
            folder / str(node),
            f"node.id={node}\ncontroller.quorum.voters={voters}\n"
            f"default.replication.factor={count}\nmin.insync.replicas={count - 1}\n"
            f"offsets.topic.replication.factor={count}\ntransaction.state.log.replication.factor={count}\n"
            f"transaction.state.log.min.isr={count - 1}\n"
            # Patient enough for a busy machine, on which a controller may be slow for seconds.
            "broker.session.timeout.ms=6000\ncontroller.quorum.election.timeout.ms=3000\n"
            "controller.quorum.fetch.timeout.ms=6000\n",
            node=node,
            ports=mine,
        )
        for node, mine in own.items()
    ]
    try:
        for broker in brokers:  # each waits for a majority
            broker.launch()
        for broker in brokers:
            broker.wait_until_listening(120)
        yield brokers
    finally:
        for broker in brokers:
            broker.kill()


def jars() -> Path:
    """Where the jars of a broker lie, with `formatted`, an empty data folder."""
    digest = hashlib.sha256(_POM.read_bytes() + PROPERTIES.read_bytes()).hexdigest()[:12]
    return cache(f"kafka-{digest}", _fetch)


def _fetch(folder: Path) -> None:
    """The jars, and beside them a data folder as Kafka formats it."""
    maven = program("mvn", "maven")
    _run(
        [maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", "-DincludeScope=runtime",
         f"-DoutputDirectory={folder}"],
        "fetching the jars of a Kafka broker by Maven",
    )  # fmt: skip
    properties = folder / "format.properties"
    properties.write_text(
        PROPERTIES.read_text(encoding="ascii").format(port=1, controller=2, data=folder / "formatted"),
        encoding="ascii",
    )
    _run(
        [program("java", "openjdk-17-jre-headless"), *FLAGS, "-cp", f"{folder}/*",
         "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(properties)],
        "formatting a data folder",
    )  # fmt: skip


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=540)
    if done.returncode:
        raise RuntimeError(f"{what} failed:\n{(done.stdout + done.stderr)[-3000:]}")
