"""One suite for the port to sortition: the fake, and gRPC to the real service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import grpc
import pytest

from chassis.context import nobody
from chassis.errors import Code, DomainError
from chassis.rpc.client import tcp_channel
from services.deliberation.adapters.clients import GrpcSelections
from services.deliberation.app.assembly_ports import SelectionInfo, Selections
from tests.component.deliberation.pair import running_pair
from tests.contract.deliberation.memory import MemorySelections

CALLER = nobody("en")


@pytest.fixture(params=["memory", "grpc"])
def known(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Selections, UUID]]:
    """The port, and a selection `Velfærd` of the municipality `dragoer`."""
    if request.param == "memory":
        fake, made = MemorySelections(), uuid4()
        fake.titles["dragoer", made] = "Velfærd"
        yield fake, made
        return
    with running_pair(tmp_path) as pair:
        made = UUID(pair.selection("Velfærd").rsplit("/", 1)[1])
        yield GrpcSelections(lambda: pair.ask("sortition")), made


def test_it_knows_what_is_there_and_nothing_else(known: tuple[Selections, UUID]) -> None:
    selections, made = known
    assert selections.find(CALLER, "dragoer", made) == SelectionInfo("Velfærd")
    assert selections.find(CALLER, "dragoer", uuid4()) is None
    # Another municipality's is not there, nor is one of a municipality that sortition does not know.
    assert selections.find(CALLER, "koege", made) is None
    assert selections.find(CALLER, "nowhere", made) is None


def refused() -> grpc.Channel:
    raise DomainError(Code.FAILED_PRECONDITION, "SERVICE_UNKNOWN", {"service": "sortition"})


def nobody_listens() -> grpc.Channel:
    return tcp_channel("127.0.0.1:9", retry_attempts=2)


@pytest.mark.parametrize("away", ["memory", refused, nobody_listens], ids=["memory", "refused", "nobody"])
def test_a_neighbour_that_is_away(away: str | Callable[[], grpc.Channel]) -> None:
    selections: Selections
    if callable(away):
        selections = GrpcSelections(away)
    else:
        selections = MemorySelections()
        selections.away = True
    with pytest.raises(DomainError) as caught:
        selections.find(CALLER, "dragoer", uuid4())
    assert (caught.value.code, caught.value.reason) == (Code.UNAVAILABLE, "SORTITION_AWAY")
