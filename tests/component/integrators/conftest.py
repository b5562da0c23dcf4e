"""The client as an integrator installs it, and a suite on a real Kafka that integrators call."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest

from borgerting.deliberation.v1.municipality_service_pb2 import CreateMunicipalityRequest, Municipality
from borgerting.sortition.v1.selection_service_pb2 import ListSelectionsRequest
from borgerting.volunteer.v1.task_service_pb2 import ListTasksRequest
from borgerting_client import Borgerting, BorgertingError
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.testing.processes import SuiteProcess, running_suite
from tests.component.integrators.patience import PATIENCE, until
from tests.infrastructure.kafka import KafkaBroker

ROOT = Path(__file__).parents[3]
HERE = "havnsted"


@dataclass(frozen=True)
class Running:
    """`namespace` begins the names of its topics, `folder` has its data."""

    suite: SuiteProcess
    folder: Path
    kafka: str
    namespace: str

    def token(self, role: Role, municipality: str | None = HERE) -> str:
        keys = FileKeys(self.folder / "data", SystemClock())
        return LocalTokens(keys, SystemClock()).issue(Principal("tester", municipality, frozenset({role})))

    def client(self, role: Role, municipality: str | None = HERE) -> Borgerting:
        return Borgerting(
            self.suite.grpc, token=self.token(role, municipality), tls=False, language="en", timeout=60
        )


@pytest.fixture(scope="session")
def running(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("integrators")
    namespace = f"{uuid.uuid4().hex[:8]}."
    settings = {"BORGERTING_KAFKA__BOOTSTRAP": kafka.bootstrap, "BORGERTING_KAFKA__NAMESPACE": namespace}
    with running_suite(folder, environment=settings, ready=False) as suite:
        suite.wait_until_ready(PATIENCE)
        made = Running(suite, folder, kafka.bootstrap, namespace)
        enter(made)
        yield made


def enter(running: Running) -> None:
    """The municipality that the page speaks of; the other services have heard of it."""
    with running.client(Role.OPERATOR, None) as operator:
        operator.municipalities.CreateMunicipality(
            CreateMunicipalityRequest(
                municipality_id=HERE, municipality=Municipality(display_name="Havnsted Kommune")
            )
        )
    parent = f"municipalities/{HERE}"
    with running.client(Role.SECRETARIAT) as suite:
        until(known(lambda: suite.selections.ListSelections(ListSelectionsRequest(parent=parent))))
        until(known(lambda: suite.tasks.ListTasks(ListTasksRequest(parent=parent))))


def known(ask: Callable[[], object]) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            ask()
        except BorgertingError as error:
            if error.reason == "MUNICIPALITY_UNKNOWN":
                return False
            raise
        return True

    return asked


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What stands in for `pip install`: the same build of the checkout, into a folder, without an index."""
    target = tmp_path_factory.mktemp("installed")
    return f"-m pip install --quiet --no-deps --no-index --no-build-isolation --target {target}"


@pytest.fixture(scope="session")
def installed(install: str) -> Path:
    """borgerting_client and its messages, as `pip install ./clients/python` leaves them."""
    command = [sys.executable, *install.split(), "./clients/python"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return Path(install.split()[-1])


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the client says that it needs, and what that needs; nothing else of this environment."""
    folder = tmp_path_factory.mktemp("declared")
    client = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text(encoding="utf-8"))
    required = [re.split(r"[^\w.-]", one)[0] for one in client["project"]["dependencies"]]
    seen: set[str] = set()
    while required:
        name = required.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        required += [re.split(r"[^\w.-]", one)[0] for one in found.requires or () if "extra ==" not in one]
        for file in found.files or ():
            # Folders of one's own are linked whole; `google` is shared by two distributions.
            part = Path(*file.parts[: 2 if file.parts[0] == "google" else 1])
            link = folder / part
            if ".." not in file.parts and not link.exists():
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(Path(str(found.locate_file(part))).resolve())
    assert seen == {"grpcio", "protobuf", "googleapis-common-protos", "typing-extensions"}
    return folder
