"""Rows and what they stand for, there and back, by explicit functions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.sortition.domain.draw import Draw, DrawMethod, DrawMode, DrawState
from services.sortition.domain.pool import Inclusion, Person
from services.sortition.domain.seat import Answer, Seat
from services.sortition.domain.selection import Selection, SelectionState
from services.sortition.domain.target import Target

Row = Any  # a row of SQLAlchemy: its columns are attributes


def selection_row(selection: Selection) -> dict[str, Any]:
    return {
        "municipality_id": selection.municipality,
        "selection_id": selection.id,
        "title": selection.title,
        "purpose": selection.purpose,
        "size": selection.size,
        "per_address": selection.per_address,
        "targets": [asdict(target) for target in selection.targets],
        "state": selection.state.value,
        "published_draw": selection.published_draw,
        "create_time": selection.create_time,
        "update_time": selection.update_time,
        "confirm_time": selection.confirm_time,
        "version": selection.version,
    }


def selection_of(row: Row) -> Selection:
    return Selection(
        municipality=row.municipality_id,
        id=row.selection_id,
        title=row.title,
        purpose=row.purpose,
        size=row.size,
        per_address=row.per_address,
        targets=tuple(Target(**target) for target in row.targets),
        state=SelectionState(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
        version=row.version,
        published_draw=row.published_draw,
        confirm_time=row.confirm_time,
    )


def person_row(person: Person) -> dict[str, Any]:
    return {
        "municipality_id": person.municipality,
        "selection_id": person.selection,
        "person_id": person.id,
        "pool_id": person.pool_id,
        "answers": dict(person.values),
        "household": person.household,
        "inclusion": person.inclusion.value,
        "in_pool": person.in_pool,
        "version": person.version,
    }


def person_of(row: Row) -> Person:
    return Person(
        municipality=row.municipality_id,
        selection=row.selection_id,
        id=row.person_id,
        pool_id=row.pool_id,
        values=row.answers,
        household=row.household,
        inclusion=Inclusion(row.inclusion),
        in_pool=row.in_pool,
        version=row.version,
    )


def draw_row(draw: Draw) -> dict[str, Any]:
    return {
        "municipality_id": draw.municipality,
        "draw_id": draw.id,
        "selection_id": draw.selection,
        "mode": draw.mode.value,
        "method": draw.method.value,
        "panels": draw.panels,
        "seed": draw.seed,
        "announced": draw.announced,
        "size": draw.size,
        "pool_size": draw.pool_size,
        "input_digest": draw.input_digest,
        "state": draw.state.value,
        "number": draw.number,
        "randomness": draw.randomness,
        "note": draw.note,
        "optimal_lowest": draw.optimal_lowest,
        "unreachable": draw.unreachable,
        "failure_reason": draw.failure_reason,
        "failure_metadata": dict(draw.failure_metadata),
        "create_time": draw.create_time,
        "update_time": draw.update_time,
        "ready_time": draw.ready_time,
        "commit_time": draw.commit_time,
        "reveal_time": draw.reveal_time,
        "publish_time": draw.publish_time,
        "cancel_time": draw.cancel_time,
        "version": draw.version,
    }


def draw_of(row: Row) -> Draw:
    return Draw(
        municipality=row.municipality_id,
        id=row.draw_id,
        selection=row.selection_id,
        mode=DrawMode(row.mode),
        method=DrawMethod(row.method),
        panels=row.panels,
        seed=row.seed,
        announced=row.announced,
        size=row.size,
        pool_size=row.pool_size,
        input_digest=row.input_digest,
        state=DrawState(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
        version=row.version,
        number=row.number,
        randomness=row.randomness,
        note=row.note,
        optimal_lowest=row.optimal_lowest,
        unreachable=row.unreachable,
        failure_reason=row.failure_reason,
        failure_metadata=row.failure_metadata,
        ready_time=row.ready_time,
        commit_time=row.commit_time,
        reveal_time=row.reveal_time,
        publish_time=row.publish_time,
        cancel_time=row.cancel_time,
    )


def seat_row(seat: Seat) -> dict[str, Any]:
    return {
        "municipality_id": seat.municipality,
        "selection_id": seat.selection,
        "seat_id": seat.id,
        "draw_id": seat.draw,
        "person_id": seat.person,
        "answer": seat.answer.value,
        "answer_time": seat.answer_time,
        "version": seat.version,
    }


def seat_of(row: Row) -> Seat:
    return Seat(
        municipality=row.municipality_id,
        selection=row.selection_id,
        id=row.seat_id,
        draw=row.draw_id,
        person=row.person_id,
        answer=Answer(row.answer),
        answer_time=row.answer_time,
        version=row.version,
    )
