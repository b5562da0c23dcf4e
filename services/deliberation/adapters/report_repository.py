"""Reports in the store: the head, its recommendations and their initiatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select

from chassis.db import upsert
from chassis.scoped import Scoped
from services.deliberation.adapters import tables
from services.deliberation.adapters.assembly_rows import (
    initiative_of,
    recommendation_of,
    report_of,
    report_row,
    support_json,
)
from services.deliberation.domain.report import Initiative, Recommendation, Report


class SqlReports(Scoped):
    def add(self, report: Report) -> None:
        self.own(report.municipality)
        self.connection.execute(insert(tables.reports).values(**report_row(report)))

    def get(self, assembly_id: UUID) -> Report:
        return self._get(assembly_id, lock=False)

    def lock(self, assembly_id: UUID) -> Report:
        return self._get(assembly_id, lock=True)

    def _get(self, assembly_id: UUID, *, lock: bool) -> Report:
        table = tables.reports
        query = select(table).where(self.mine(table, table.c.assembly_id == assembly_id))
        return report_of(self.one(query.with_for_update() if lock else query, "REPORT_UNKNOWN"))

    def save(self, report: Report) -> None:
        self.own(report.municipality)
        table = tables.reports
        self.replace_version(table, report_row(report), table.c.assembly_id == report.assembly)

    def recommendations(self, assembly_id: UUID) -> Sequence[Recommendation]:
        table, below = tables.recommendations, tables.initiatives
        inside: dict[UUID, list[Initiative]] = {}
        mine = self.mine(below, below.c.assembly_id == assembly_id)
        for row in self.rows(select(below).where(mine).order_by(below.c.position)):
            inside.setdefault(row.recommendation_id, []).append(initiative_of(row))
        query = select(table).where(self.mine(table, table.c.assembly_id == assembly_id))
        return [
            recommendation_of(row, inside.get(row.recommendation_id, ()))
            for row in self.rows(query.order_by(table.c.position))
        ]

    def titles(self, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        found: dict[UUID, str] = {}
        for table, key in (
            (tables.recommendations, tables.recommendations.c.recommendation_id),
            (tables.initiatives, tables.initiatives.c.initiative_id),
        ):
            query = select(key.label("id"), table.c.title).where(self.mine(table, key.in_(ids)))
            found |= {row.id: row.title for row in self.rows(query)}
        return found

    def put_recommendation(self, assembly_id: UUID, recommendation: Recommendation) -> None:
        keys = {"municipality_id": self.municipality, "recommendation_id": recommendation.id}
        values = {
            "assembly_id": assembly_id,
            "title": recommendation.title,
            "vision": recommendation.vision,
            "position": recommendation.position,
            "version": recommendation.version,
        }
        statement = upsert(self.connection, tables.recommendations).values(**keys, **values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))

    def remove_recommendation(self, assembly_id: UUID, recommendation: UUID) -> None:
        for table in (tables.initiatives, tables.recommendations):
            wanted = self.mine(
                table, table.c.assembly_id == assembly_id, table.c.recommendation_id == recommendation
            )
            self.connection.execute(delete(table).where(wanted))

    def put_initiative(self, assembly_id: UUID, initiative: Initiative) -> None:
        keys = {"municipality_id": self.municipality, "initiative_id": initiative.id}
        values = {
            "assembly_id": assembly_id,
            "recommendation_id": initiative.recommendation,
            "title": initiative.title,
            "text": initiative.text,
            "support": None if initiative.support is None else support_json(initiative.support),
            "position": initiative.position,
            "version": initiative.version,
        }
        statement = upsert(self.connection, tables.initiatives).values(**keys, **values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))

    def remove_initiative(self, assembly_id: UUID, initiative: UUID) -> None:
        table = tables.initiatives
        wanted = self.mine(table, table.c.assembly_id == assembly_id, table.c.initiative_id == initiative)
        self.connection.execute(delete(table).where(wanted))
