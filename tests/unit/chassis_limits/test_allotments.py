"""On whose account a request is."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from chassis.auth.principal import NOBODY, Principal, Role
from chassis.config import load_settings
from chassis.config_limits import LimitSettings
from chassis.errors import Code
from chassis.limits.allotments import Allotment, Limits, Usage, network_of, requests_by_municipality
from chassis.limits.requests import caller_address

SECRETARIAT = Principal("someone", "dragoer", frozenset({Role.SECRETARIAT}))
OPERATOR = Principal("runs-it", None, frozenset({Role.OPERATOR}))


def limits(**settings: str) -> Limits:
    given = {f"BORGERTING_LIMITS__{name.upper()}": value for name, value in settings.items()}
    made = Limits(load_settings([], given), time_source=lambda: 1000.0)
    made.know(["dragoer", "havnsted"])
    return made


def never() -> str:
    raise AssertionError("the address counts for nothing here")


def wait(
    found: Allotment, service: str = "sortition", *, change: bool = False, signed_in: bool = False
) -> float:
    return found.take(service, change=change, signed_in=signed_in)[0]


def test_the_public_is_on_the_account_of_the_municipality_that_it_asks_about() -> None:
    made = limits()
    assert made.of(NOBODY, "dragoer", never) is made.of(NOBODY, "dragoer", never)
    assert made.of(NOBODY, "dragoer", never) is not made.of(NOBODY, "havnsted", never)


def test_who_is_signed_in_is_on_their_own_municipality_s_account_wherever_they_go() -> None:
    made = limits()
    assert made.of(SECRETARIAT, "havnsted", never) is made.of(NOBODY, "dragoer", never)


def test_what_names_no_municipality_of_the_registry_is_on_the_caller_s_account() -> None:
    made = limits()
    first = made.of(NOBODY, "nowhere", lambda: "192.0.2.1")
    assert made.of(NOBODY, "", lambda: "192.0.2.1") is first
    assert made.of(NOBODY, "elsewhere", lambda: "192.0.2.2") is not first
    assert made.of(OPERATOR, "dragoer", never) is made.of(OPERATOR, "havnsted", never)
    assert made.of(OPERATOR, "dragoer", never) is not made.of(NOBODY, "dragoer", never)


def test_the_public_takes_nothing_from_those_who_are_signed_in() -> None:
    found = limits(reads="1", reads_burst="2", changes="1", changes_burst="1").of(NOBODY, "dragoer", never)
    public = [wait(found) for _ in range(3)]
    assert public == [0.0, 0.0, 1.0]
    assert wait(found, signed_in=True) == 0.0
    assert [wait(found, change=True, signed_in=True) for _ in range(2)] == [0.0, 1.0]


def test_who_has_asked_much_lately_goes_behind_the_others() -> None:
    found = limits(reads="1", reads_burst="20").of(NOBODY, "dragoer", never)
    behind = [found.take("sortition", change=False, signed_in=False)[1] for _ in range(20)]
    assert behind == [False] + [True] * 19
    assert found.take("sortition", change=True, signed_in=False) == (0.0, False)
    assert found.take("sortition", change=False, signed_in=True) == (0.0, False)


def test_nothing_is_limited_at_nought() -> None:
    found = limits(reads="0").of(NOBODY, "dragoer", never)
    asked = {found.take("sortition", change=False, signed_in=False) for _ in range(10_000)}
    assert asked == {(0.0, False)}


def test_what_stood_stands_when_others_come_and_go() -> None:
    made = limits(reads_burst="1")
    found = made.of(NOBODY, "dragoer", never)
    made.know(["dragoer", "strandby"])
    assert made.of(NOBODY, "dragoer", never) is found
    assert made.of(NOBODY, "havnsted", lambda: "192.0.2.1") is made.of(NOBODY, "", lambda: "192.0.2.1")


def test_many_callers_fill_no_memory() -> None:
    made = limits()
    for number in range(5000):
        made.of(NOBODY, "", lambda number=number: f"caller {number}")
    assert len(made._callers) == 4096


def test_usage_tells_what_was_asked_and_refused_of_the_registry_s_municipalities_only() -> None:
    made = limits(reads="1", reads_burst="1")
    found = made.of(NOBODY, "dragoer", never)
    for change in (False, False, True):
        if wait(found, "followup", change=change):
            found.count_refusal("followup")
    made.of(NOBODY, "nowhere", lambda: "192.0.2.1").take("followup", change=False, signed_in=False)
    assert made.usage() == [Usage("dragoer", "followup", reads=1, changes=1, refused=1)]
    name, _, samples = requests_by_municipality(made)
    assert {sample[1]["outcome"]: sample[2] for sample in samples} == {"read": 1, "change": 1, "refused": 1}
    assert {sample[0] for sample in samples} == {f"{name}_total"}


def test_a_refusal_says_when_to_come_again() -> None:
    error = limits().refusal(0.001)
    assert (error.code, error.reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_REQUESTS")
    assert error.retry_after == 1.0
    assert limits().refusal(7.5).retry_after == 7.5


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_who_counts_as_one_caller(address: str, counted: str) -> None:
    assert network_of(address) == counted


def scope(client: str, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return {"type": "http", "client": (client, 5000), "headers": headers}


PROXIES = (ipaddress.ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("asked", "proxies", "counted"),
    [
        (scope("10.1.2.3", "192.0.2.1"), (), "10.1.2.3"),
        (scope("192.0.2.9", "192.0.2.1"), PROXIES, "192.0.2.9"),
        (scope("10.1.2.3", "192.0.2.1"), PROXIES, "192.0.2.1"),
        (scope("10.1.2.3", "192.0.2.66, 192.0.2.1", "10.4.4.4"), PROXIES, "192.0.2.1"),
        (scope("10.1.2.3"), PROXIES, "10.1.2.3"),
        ({"type": "http", "client": None, "headers": []}, PROXIES, ""),
    ],
)
def test_a_forged_header_counts_for_nothing(asked: Any, proxies: Any, counted: str) -> None:
    assert caller_address(asked, proxies) == counted


def test_networks_are_checked() -> None:
    assert not LimitSettings.model_fields["limits_trusted_proxies"].is_required()
    with pytest.raises(Exception, match="TRUSTED_PROXIES must be networks"):
        limits(trusted_proxies="10.0.0.1/8")
