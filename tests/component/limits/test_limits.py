"""A real suite whose municipalities may ask little: what programs and people see."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from borgerting_client import BorgertingError
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.testing.processes import SuiteProcess, running_suite

FEW, LOCAL = 3, 6
# One more comes back in a quarter of an hour, so that no machine is too slow for what is held here.
LITTLE = {
    "BORGERTING_LIMITS__READS": "0.001",
    "BORGERTING_LIMITS__READS_BURST": str(FEW),
    "BORGERTING_LIMITS__CHANGES": "0.001",
    "BORGERTING_LIMITS__CHANGES_BURST": "1",
    "BORGERTING_LIMITS__CALLER": "0.001",
    "BORGERTING_LIMITS__CALLER_BURST": str(LOCAL),
    "BORGERTING_LIMITS__TRUSTED_PROXIES": "127.0.0.0/8",
}
TOWNS = ("gentofte", "holbaek", "hillerod", "ishoj")


class Towns:
    """The suite, and who signs tokens for it."""

    def __init__(self, suite: SuiteProcess, data: Path) -> None:
        self.suite = suite
        self._tokens = LocalTokens(FileKeys(data, SystemClock()), SystemClock())
        self._channel = grpc.insecure_channel(suite.grpc)
        self.selections = selections_grpc.SelectionServiceStub(self._channel)
        self.registry = registry_grpc.MunicipalityServiceStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def bearer(self, municipality: str | None, role: Role) -> str:
        return f"Bearer {self._tokens.issue(Principal('someone', municipality, frozenset({role})))}"

    def list(self, municipality: str) -> object:
        return self.selections.ListSelections(
            selections.ListSelectionsRequest(parent=f"municipalities/{municipality}"),
            metadata=(
                ("authorization", self.bearer(municipality, Role.SECRETARIAT)),
                ("accept-language", "en"),
            ),
            timeout=60,
        )

    def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
        return self.ask("GET", path, **headers)

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, Mapping[str, str], str]:
        parts = urlsplit(self.suite.http)
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)) as line:
            line.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def counted(self, municipality: str, outcome: str) -> float:
        found = re.findall(
            rf'^borgerting_municipality_requests_total{{municipality="{municipality}",'
            rf'outcome="{outcome}",service="\w+"}} (\S+)$',
            self.suite.get("/metrics", base=self.suite.ops),
            re.MULTILINE,
        )
        return sum(map(float, found))


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Towns]:
    folder = tmp_path_factory.mktemp("limits")
    with running_suite(folder) as suite, closing(Towns(suite, folder / "data")) as made:
        operator = (("authorization", made.bearer(None, Role.OPERATOR)),)
        for slug in TOWNS:
            made.registry.CreateMunicipality(
                registry.CreateMunicipalityRequest(
                    municipality_id=slug, municipality=registry.Municipality(display_name=slug.title())
                ),
                metadata=operator,
            )
    # What the registry has when a process begins, that process knows; events not yet carried are carried now.
    with running_suite(folder, environment=LITTLE) as suite, closing(Towns(suite, folder / "data")) as made:
        yield made


def until_refused(towns: Towns, municipality: str) -> BorgertingError:
    """Sortition may not have heard of the municipality yet; to ask counts all the same."""
    for _ in range(FEW):
        with suppress(grpc.RpcError):
            towns.list(municipality)
    with pytest.raises(grpc.RpcError) as caught:
        towns.list(municipality)
    return BorgertingError.of(caught.value)


def test_a_call_over_the_rate_is_refused_and_told_when_to_come_again(towns: Towns) -> None:
    refusal = until_refused(towns, "gentofte")
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.reason == "TOO_MANY_REQUESTS"
    assert refusal.message.startswith("Too many requests came")
    assert refusal.retry_delay is not None
    assert 1.0 <= refusal.retry_delay <= 1000.0
    assert refusal.correlation_id
    assert towns.counted("gentofte", "read") == FEW
    assert towns.counted("gentofte", "refused") == 1
    # Another municipality does not notice.
    with pytest.raises(grpc.RpcError) as caught:
        towns.selections.GetSelection(
            selections.GetSelectionRequest(name="municipalities/ishoj/selections/none"),
            metadata=(("authorization", towns.bearer("ishoj", Role.SECRETARIAT)),),
            timeout=60,
        )
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_rest_says_it_as_a_problem_with_retry_after(towns: Towns) -> None:
    path = "/sortition/api/v1/municipalities/holbaek/publishedDraws"
    assert {towns.get(path)[0] for _ in range(FEW)} <= {200, 404}
    status, headers, body = towns.get(path, accept_language="da")
    assert status == 429
    assert int(headers["Retry-After"]) >= 1
    assert headers["Content-Type"].startswith("application/problem+json")
    problem = json.loads(body)
    assert problem["reason"] == "TOO_MANY_REQUESTS"
    assert problem["detail"].startswith("Der er kommet for mange forespørgsler")
    # The public's rate is not the secretariat's.
    token = towns.bearer("holbaek", Role.SECRETARIAT)
    assert towns.get(path, authorization=token)[0] in (200, 404)


@pytest.mark.parametrize(
    ("language", "words"), [("da", "Vent et øjeblik"), ("en", "Please wait a moment")], ids=["da", "en"]
)
def test_a_page_says_it_calmly_in_both_languages(towns: Towns, language: str, words: str) -> None:
    path = f"/deliberation/hillerod?language={language}"
    for _ in range(FEW + 1):
        status, headers, body = towns.get(path)
        if status == 429:
            break
    assert status == 429
    assert int(headers["Retry-After"]) >= 1
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert f"<h1>{words}</h1>" in body
    assert f'<html lang="{language}"' in body


def test_a_form_over_the_rate_is_not_read(towns: Towns) -> None:
    path = "/volunteer/ishoj/tasks"
    statuses = [towns.ask("POST", path, "title=x")[0] for _ in range(2)]
    assert statuses[0] != 429
    assert statuses[1] == 429
    assert towns.counted("ishoj", "change") == 1
    assert towns.get("/volunteer/ishoj")[0] in (200, 404)


def test_what_names_no_municipality_counts_for_the_address_that_the_proxy_tells(towns: Towns) -> None:
    here = {"x_forwarded_for": "192.0.2.1"}
    paths = ["/", "/deliberation/nowhere", "/sortition/api/v1/municipalities/nowhere/publishedDraws"]
    answered = [towns.get(path, **here)[0] for path in paths * (LOCAL // len(paths))]
    assert 429 not in answered
    assert towns.get(paths[0], **here)[0] == 429
    assert towns.get("/", x_forwarded_for="192.0.2.2")[0] == 200
    assert "nowhere" not in towns.suite.get("/metrics", base=towns.suite.ops)


def test_static_files_and_health_are_not_limited(towns: Towns) -> None:
    _, _, page = towns.get("/", x_forwarded_for="192.0.2.3")
    sheet = re.search(r'href="(/\w+/static/[^"]+\.css)"', page)
    assert sheet
    here = {"x_forwarded_for": "192.0.2.3"}
    assert {towns.get(sheet[1], **here)[0] for _ in range(2 * LOCAL)} == {200}
    assert '"ready": true' in towns.suite.get("/readyz", base=towns.suite.ops)
