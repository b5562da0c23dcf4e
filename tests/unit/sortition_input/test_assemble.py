"""From tables to the problem: the request's own errors are told together with those of the files."""

from __future__ import annotations

from services.sortition.lottery.problem import Problem
from services.sortition.spreadsheet.assemble import listed, read_ids, to_problem
from services.sortition.spreadsheet.findings import File, Findings, Reason
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets

TARGETS = read_targets(b"feature,value,min,max\ng,a,1,2\ng,b,1,2\n")
PEOPLE = read_respondents(b"id,g\n1,a\n2,a\n3,b\n4,b\n", TARGETS)


def reasons(answer: Problem | Findings) -> list[Reason]:
    assert isinstance(answer, Findings)
    return [finding.reason for finding in answer]


def test_whole_input_becomes_a_problem() -> None:
    problem = to_problem(TARGETS, PEOPLE, 2, 1, listed(File.INCLUDE, [" 1 "]), listed(File.EXCLUDE, ["4"]))
    assert isinstance(problem, Problem)
    assert problem.features == ("g",)
    assert [person.id for person in problem.people] == ["1", "2", "3", "4"]
    assert (problem.size, problem.per_address) == (2, 1)
    assert (problem.include, problem.exclude) == (frozenset("1"), frozenset("4"))


def test_a_panel_of_nobody_or_larger_than_the_pool_is_refused() -> None:
    assert reasons(to_problem(TARGETS, PEOPLE, 0)) == [Reason.SIZE_NOT_POSITIVE]
    assert reasons(to_problem(TARGETS, PEOPLE, -3)) == [Reason.SIZE_NOT_POSITIVE]
    answer = to_problem(TARGETS, PEOPLE, 5)
    assert isinstance(answer, Findings)
    assert answer.items[0].sizes == (("size", 5), ("pool", 4), ("excluded", 0))
    assert reasons(to_problem(TARGETS, PEOPLE, 4, exclude=listed(File.EXCLUDE, ["1"]))) == [
        Reason.SIZE_OVER_POOL
    ]


def test_minima_over_the_panels_size_are_refused_for_each_feature() -> None:
    targets = read_targets(b"feature,value,min,max\ng,a,2,2\ng,b,2,2\nh,x,3,9\ni,y,1,1\n")
    people = read_respondents(b"id,g,h,i\n1,a,x,y\n2,b,x,y\n3,b,x,y\n4,a,x,y\n", targets)
    answer = to_problem(targets, people, 2)
    assert isinstance(answer, Findings)
    assert [(f.reason, f.column, f.sizes) for f in answer] == [
        (Reason.MINIMA_OVER_SIZE, "g", (("size", 2), ("minima", 4))),
        (Reason.MINIMA_OVER_SIZE, "h", (("size", 2), ("minima", 3))),
    ]


def test_maxima_under_the_size_and_a_pool_short_of_a_minimum_are_no_bad_input() -> None:
    few = read_targets(b"feature,value,min,max\ng,a,0,1\ng,b,0,1\n")
    assert isinstance(to_problem(few, PEOPLE, 3), Problem)
    short = read_targets(b"feature,value,min,max\ng,a,3,3\ng,b,0,1\n")
    assert isinstance(to_problem(short, PEOPLE, 3), Problem)


def test_lists_of_ids_are_checked_against_the_pool_and_each_other() -> None:
    answer = to_problem(
        TARGETS, PEOPLE, 2, None, listed(File.INCLUDE, ["1", "9", "2"]), listed(File.EXCLUDE, ["8", "2"])
    )
    assert isinstance(answer, Findings)
    assert [(f.reason, f.file, f.row, f.found) for f in answer] == [
        (Reason.UNKNOWN_ID, File.INCLUDE, 2, "9"),
        (Reason.UNKNOWN_ID, File.EXCLUDE, 1, "8"),
        (Reason.INCLUDED_AND_EXCLUDED, File.INCLUDE, 3, "2"),
        (Reason.INCLUDED_OVER_SIZE, File.REQUEST, None, "2"),
    ]


def test_a_limit_per_address_below_one_is_refused() -> None:
    assert reasons(to_problem(TARGETS, PEOPLE, 2, 0)) == [Reason.PER_ADDRESS_NOT_POSITIVE]


def test_errors_of_all_files_and_the_request_come_together() -> None:
    targets = read_targets(b"feature,value,min,max\ng,a,3,2\ng,b,1,2\n")
    people = read_respondents(b"id,g\n1,a\n1,c\n", targets)
    assert reasons(to_problem(targets, people, 9, 0, read_ids(b"\0\0\0", File.INCLUDE))) == [
        Reason.MIN_OVER_MAX,
        Reason.DUPLICATE_ID,
        Reason.UNKNOWN_VALUE,
        Reason.BINARY_FILE,
        Reason.SIZE_OVER_POOL,
        Reason.PER_ADDRESS_NOT_POSITIVE,
    ]


def test_id_files_have_one_id_a_line_with_or_without_a_header() -> None:
    assert read_ids(b"id\r\n7\r\n\r\n 8 \r\n", File.INCLUDE).ids == ("7", "8")
    assert read_ids(b"7\n8", File.INCLUDE).rows == (1, 2)
    assert read_ids(b"", File.EXCLUDE).ids == ()
    assert read_ids("æ1;x\n".encode("utf-16"), File.EXCLUDE).ids == ("æ1",)


def test_lists_of_names_that_serve_as_ids_are_not_quoted() -> None:
    people = read_respondents(b"name,g\nHemmelig,a\nBo,a\nLis,b\n", TARGETS)
    answer = to_problem(
        TARGETS,
        people,
        2,
        1,
        listed(File.INCLUDE, ["Hemmelig", "Skjult"]),
        listed(File.EXCLUDE, ["Hemmelig"]),
    )
    assert isinstance(answer, Findings)
    assert [(f.reason, f.row, f.found, f.id) for f in answer] == [
        (Reason.UNKNOWN_ID, 2, "…", ""),
        (Reason.INCLUDED_AND_EXCLUDED, 1, "…", ""),
    ]
