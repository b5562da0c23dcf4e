"""Rules of assemblies and reports: what is refused, what dates and shares follow, the canonical form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import uuid4

import pytest
import rfc8785
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import DomainError
from chassis.testing.stores import NOON
from services.deliberation.domain import texts
from services.deliberation.domain.assembly import Assembly, AssemblyFields, set_up
from services.deliberation.domain.canonical import canonical, digest_of
from services.deliberation.domain.checkpoint import USUAL, Checkpoint
from services.deliberation.domain.followed_up import Promise, standing
from services.deliberation.domain.report import Initiative, Recommendation, Report, moved
from services.deliberation.domain.support import Base, Support

COUNTS = st.integers(0, 40)


def wrong(fields: AssemblyFields) -> dict[str, str]:
    with pytest.raises(DomainError) as refused:
        fields.checked()
    assert refused.value.reason == "ASSEMBLY_INVALID"
    return {each.field: each.reason for each in refused.value.violations}


def test_every_wrong_field_of_an_assembly_at_once() -> None:
    fields = AssemblyFields(
        " ",
        "x" * 2001,
        "a\x00b",
        None,
        (Checkpoint(0), Checkpoint(601), Checkpoint(3), Checkpoint(3)),
    )
    assert wrong(fields) == {
        "title": "TEXT_REQUIRED",
        "task": "TEXT_TOO_LONG",
        "outside": "TEXT_UNPRINTABLE",
        "selection": "SELECTION_REQUIRED",
        "checkpoints[0].months": "MONTHS_OUT_OF_RANGE",
        "checkpoints[1].months": "MONTHS_OUT_OF_RANGE",
        "checkpoints[3].months": "MONTHS_REPEATED",
    }
    many = tuple(Checkpoint(months) for months in range(1, 26))
    assert wrong(AssemblyFields("t", "", "", uuid4(), many)) == {"checkpoints": "CHECKPOINTS_TOO_MANY"}


def test_what_is_written_is_tidied_and_what_is_left_out_is_usual() -> None:
    fields = AssemblyFields("  Velfærd \n 2035 ", " a \r\n\r\nb\t\n", "é", uuid4()).checked()
    assert (fields.title, fields.task, fields.outside) == ("Velfærd 2035", "a\n\nb", "é")
    assert fields.checkpoints == USUAL
    later = AssemblyFields("t", "", "", uuid4(), (Checkpoint(10), Checkpoint(3))).checked()
    assert later.checkpoints == (Checkpoint(3), Checkpoint(10))


def test_the_limits_themselves_are_allowed() -> None:
    AssemblyFields("t" * 120, "x" * 2000, "", uuid4(), (Checkpoint(1), Checkpoint(600))).checked()


@given(st.text())
def test_tidying_twice_changes_nothing(text: str) -> None:
    for tidy in (texts.one_line, texts.lines):
        assert tidy(tidy(text)) == tidy(text)


def test_the_real_cases_nominal_dates() -> None:
    dates = [each.nominal_date(date(2025, 8, 28)) for each in USUAL]
    assert dates == [date(2025, 11, 28), date(2026, 6, 28), date(2027, 8, 28)]


@given(st.dates(date(2000, 1, 1), date(2400, 1, 1)), st.integers(1, 600))
def test_months_are_counted_as_the_calendar_does(handover: date, months: int) -> None:
    assert Checkpoint(months).nominal_date(handover) == handover + relativedelta(months=months)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.sampled_from(Base))
def test_a_share_is_never_rounded_up(
    yes: int, no: int, abstain: int, spare: int, present: int, base: Base
) -> None:
    support = Support(yes, no, abstain, yes + no + abstain + spare, present, base)
    sizes = {
        Base.FOR_AND_AGAINST: yes + no,
        Base.CAST: yes + no + abstain,
        Base.ENTITLED: yes + no + abstain + spare,
        Base.PRESENT: present,
    }
    size = sizes[base]
    assert support.denominator == size
    if size == 0:
        assert support.per_mille is None
        assert support.is_majority == (yes > 0)
        return
    exact = Fraction(yes, size)
    assert support.per_mille is not None
    shown = Fraction(support.per_mille, 1000)
    assert shown <= exact < shown + Fraction(1, 1000)
    assert support.is_majority == (exact > Fraction(1, 2))
    if not support.violations():
        assert shown <= 1


def test_sixteen_of_twenty_three_is_less_than_seventy_percent() -> None:
    assert Support(16, 7, 0, 23, 23, Base.FOR_AND_AGAINST).per_mille == 695


@pytest.mark.parametrize(
    ("support", "expected"),
    [
        (Support(1, 1, 1, 3, 0, Base.CAST), {}),
        (Support(0, 0, 0, 0, 0, Base.ENTITLED), {}),
        (Support(2, 1, 1, 3, 0, Base.CAST), {"support.entitled": "BALLOTS_EXCEED_ENTITLED"}),
        (Support(1, 0, 0, 3, 4, Base.CAST), {"support.present": "PRESENT_EXCEED_ENTITLED"}),
        (Support(2, 0, 0, 3, 1, Base.PRESENT), {"support.present": "BALLOTS_EXCEED_PRESENT"}),
        (Support(2, 0, 0, 3, 1, Base.CAST), {}),
        (
            Support(-1, 0, 10**7, 3, 1, None),
            {
                "support.for": "COUNT_INVALID",
                "support.abstain": "COUNT_INVALID",
                "support.base": "BASE_REQUIRED",
            },
        ),
    ],
)
def test_counts_that_cannot_be(support: Support, expected: dict[str, str]) -> None:
    assert {each.field: each.reason for each in support.violations()} == expected


@given(st.lists(st.uuids(), min_size=1, max_size=12, unique=True), st.data())
def test_what_moves_takes_its_place_and_the_others_keep_their_order(order: list, data: st.DataObject) -> None:
    what = data.draw(st.sampled_from(order))
    position = data.draw(st.integers(1, len(order)))
    after = moved(order, what, position, "REPORT_INVALID")
    assert after[position - 1] == what
    assert [each for each in after if each != what] == [each for each in order if each != what]


@pytest.mark.parametrize("position", [0, -1, 3])
def test_there_is_no_such_place(position: int) -> None:
    order = [uuid4(), uuid4()]
    with pytest.raises(DomainError) as refused:
        moved(order, order[0], position, "INITIATIVE_INVALID")
    assert refused.value.violations[0].field == "position"
    assert refused.value.violations[0].metadata == {"last": "2"}


def an_assembly() -> Assembly:
    fields = AssemblyFields("Velfærd", "", "", uuid4()).checked()
    return set_up("hjemby", uuid4(), fields, NOON).seated(36, None, NOON)


WRITTEN = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(WRITTEN, WRITTEN, WRITTEN)
def test_the_canonical_form_is_rfc_8785s(title: str, preface: str, text: str) -> None:
    assembly = replace(an_assembly(), task=text)
    report = Report("hjemby", assembly.id, title, preface, 1, NOON)
    support = Support(23, 1, 3, 27, 0, Base.CAST)
    parent = uuid4()
    initiatives = (
        Initiative(uuid4(), parent, title, text, support, 1),
        Initiative(uuid4(), parent, text, "", None, 2),
    )
    contents = [Recommendation(parent, text, preface, 1, initiatives)]
    content = canonical(report, assembly, contents, NOON, date(2027, 3, 1))
    assert content == rfc8785.dumps(json.loads(content))
    assert len(digest_of(content)) == 64
    told = json.loads(content)
    assert told["title"] == (title or "Velfærd")
    assert told["handover_time"] == "2027-03-01T12:00:00.000000Z"
    assert told["recommendations"][0]["initiatives"][0]["support"]["for"] == 23
    assert told["recommendations"][0]["initiatives"][1]["support"] is None


def test_every_change_of_what_was_handed_over_shows_in_the_digest() -> None:
    assembly = an_assembly()
    parent = uuid4()
    support = Support(23, 1, 3, 27, 27, Base.CAST)
    initiative = Initiative(uuid4(), parent, "Bus", "Hver time", support, 1)
    recommendation = Recommendation(parent, "Økonomi", "Vision", 1, (initiative,))
    report = Report("hjemby", assembly.id, "Rapport", "Forord", 1, NOON)

    def digest(
        report: Report = report, assembly: Assembly = assembly, one: Recommendation = recommendation
    ) -> str:
        return digest_of(canonical(report, assembly, [one], NOON, date(2027, 3, 1)))

    def with_initiative(**changes: object) -> Recommendation:
        return replace(recommendation, initiatives=(replace(initiative, **changes),))

    others = [
        digest(report=replace(report, preface="Forord.")),
        digest(report=replace(report, title="")),
        digest(assembly=replace(assembly, checkpoints=USUAL[:2])),
        digest(assembly=replace(assembly, task="?")),
        digest(one=replace(recommendation, vision="")),
        digest(one=with_initiative(text="Hver dag")),
        digest(one=with_initiative(support=replace(support, in_favour=22))),
        digest(one=with_initiative(support=replace(support, base=Base.ENTITLED))),
        digest(one=with_initiative(support=None)),
    ]
    assert len({digest(), *others}) == len(others) + 1
    # What is numbered for the store's sake alone is not part of it.
    assert digest(report=replace(report, version=9)) == digest()


def test_where_promises_stand() -> None:
    days = (date(2025, 11, 28), date(2026, 6, 29), date(2027, 8, 30))
    promises = [
        Promise(uuid4(), uuid4(), "a", days, frozenset({"1"}), frozenset()),
        Promise(uuid4(), uuid4(), "b", days, frozenset(), frozenset({"1"})),
        Promise(uuid4(), uuid4(), "c", days, frozenset({"1"}), frozenset({"1"})),
        # Only a later event of it has come: it counts as far as it is known.
        Promise(uuid4(), answered=frozenset({"2"})),
    ]
    found = standing(promises, date(2025, 12, 1))
    assert (found.promises, found.answered, found.owed, found.overdue) == (4, 3, 10, 1)
    assert found.next_due == date(2026, 6, 29)
    assert standing(promises, date(2028, 1, 1)).next_due is None
    assert standing([], date(2028, 1, 1)).promises == 0
