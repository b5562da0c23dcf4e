"""What deliberation holds of a municipality. See chassis.holdings."""

from __future__ import annotations

from sqlalchemy import Table, func, select
from sqlalchemy.sql.elements import ColumnElement

from chassis.holdings import of_service
from chassis.holdings.shared import CHASSIS
from services.deliberation.adapters import tables

_OWN = """
municipalities: The registry's entry.
  municipality   data      the slug
  display_name   data      what people call it
  time_zone      data      in which legal dates are counted
  languages      data      in which it addresses its citizens, its own first
  state          data      where it stands
  create_time    data      when it was entered
  update_time    data      when it was changed
  version        data      how often it was changed
  state_time     data      since when it is in its state; null: since it was entered
  purge_time     data      from when on it is erased, where it is removed
sign_in_links: Links that sign one person in once, until some time after they expired.
  municipality   data      the municipality
  id             data      the link's id
  secret_digest  secret    SHA-256 of the link's secret
  role           data      in which role
  subject        personal  as whom, by the id of their sign-in
  create_time    data      when it was made
  expire_time    data      until when it can be used
  spend_time     data      when it was used
assemblies: Assemblies and their mandates.
  municipality_id data     the municipality
  assembly_id    data      the assembly's id
  title          data      what it is called
  task           data      what it is asked
  outside        data      what it is not asked
  selection_id   data      by which of sortition's selections it is seated
  checkpoints    data      when the council owes answers
  answer_unit    data      to what: each recommendation or each initiative
  state          data      where it stands
  members        data      how many members it has
  draw_id        data      by which draw
  create_time    data      when it was set up
  update_time    data      when it was changed
  version        data      how often it was changed
panels: Panels that sortition confirmed.
  municipality_id data     the municipality
  selection_id   data      of which selection
  seats          data      the ids of the seats
  draw_id        data      by which draw
members: An assembly's members, by the ids of their seats.
  municipality_id data     the municipality
  assembly_id    data      of which assembly
  seat_id        data      the seat's id
reports: An assembly's report, and what its handover fixed.
  municipality_id data     the municipality
  assembly_id    data      of which assembly
  title          data      its title
  preface        data      what stands before the recommendations
  version        data      how often it was changed
  update_time    data      when it was changed
  handover_time  data      when it was handed over
  handover_date  data      and on which day there
  checkpoints    data      when answers are owed, as they stood then
  answer_unit    data      and to what
  content        data      the report as it was handed over, canonical JSON (docs/report.md)
  digest         data      its SHA-256
recommendations: A report's recommendations.
  municipality_id data     the municipality
  recommendation_id data   the recommendation's id
  assembly_id    data      of which assembly
  title          data      its title
  vision         data      what it wants
  position       data      its place in the report
  version        data      how often it was changed
initiatives: A recommendation's initiatives.
  municipality_id data     the municipality
  initiative_id  data      the initiative's id
  assembly_id    data      of which assembly
  recommendation_id data   of which recommendation
  title          data      its title
  text           data      its words
  support        data      the votes, and by which rule they are counted
  position       data      its place
  version        data      how often it was changed
promises: What follow-up told, for the front page.
  municipality_id data     the municipality
  promise_id     data      the promise's id
  assembly_id    data      of which assembly
  subject        data      the resource that is answered
  due_dates      data      by when
  answered       data      which were answered
  overdue        data      which were not
  wanted         data      how many volunteers are sought
tasks: What the volunteer portal told, for the front page.
  municipality_id data     the municipality
  task_id        data      the task's id
  promise_id     data      for which promise
  open           data      whether it is open
  places         data      how many places it has
  free           data      how many are free
"""


def _last_event(outbox: Table, municipality: str) -> ColumnElement[bool]:
    """That the municipality is erased, its last word: a log that was lost is told so again."""
    last = select(func.max(outbox.c.seq)).where(outbox.c.municipality == municipality).scalar_subquery()
    return outbox.c.seq == last


def _its_number(sequences: Table, municipality: str) -> ColumnElement[bool]:
    return sequences.c.key == f"{municipality}/municipality"


HOLDINGS = of_service(
    tables.metadata, _OWN, CHASSIS, kept={"outbox": _last_event, "outbox_sequences": _its_number}
)
