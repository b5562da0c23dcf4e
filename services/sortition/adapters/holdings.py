"""What sortition holds of a municipality. See chassis.holdings."""

from __future__ import annotations

from sqlalchemy import Table, exists, or_, select
from sqlalchemy.sql.elements import ColumnElement

from chassis.holdings import of_service
from chassis.holdings.shared import CHASSIS, COPY
from services.sortition.adapters import tables

_OWN = """
signing_keys: The key by which the municipality signs its records.
  municipality_id data     the municipality
  private_key    secret    the key itself
  create_time    data      when it was made
selections: What people are drawn for, one by one.
  municipality_id data     the municipality
  selection_id   data      the selection's id
  title          data      what it is called
  purpose        data      what it is for
  size           data      how many are drawn
  per_address    data      at most so many of one address
  targets        data      how many of each value of each feature, from and to
  state          data      where it stands
  published_draw data      the draw that counts
  create_time    data      when it was made
  update_time    data      when it was changed
  confirm_time   data      when the panel was confirmed
  version        data      how often it was changed
people: Those who volunteered for a selection.
  municipality_id data     the municipality
  selection_id   data      for which selection
  person_id      personal  the person's id
  pool_id        personal  the id in the file that was brought in
  answers        personal  what they answered, by feature
  household      personal  what stands for their address
  inclusion      data      their chance to be asked at all
  in_pool        data      whether they stand in the pool
  version        data      how often it was changed
person_contacts: How those who volunteered are reached.
  municipality_id data     the municipality
  selection_id   data      for which selection
  person_id      personal  the person's id
  fields         personal  the file's other columns: name, address, telephone, e-mail
pool_imports: The file of volunteers that was brought in last.
  municipality_id data     the municipality
  selection_id   data      for which selection
  state          data      whether it was taken
  report         personal  what was wrong in it, by row
  options        data      how its columns were read
  upload         personal  the file, until it is taken or given up
  create_time    data      when it was brought in
  applied_time   data      when it was taken
  applied_id_header data   the column of ids
  applied_address_columns data the columns that make an address
draws: Draws, with what decided them.
  municipality_id data     the municipality
  draw_id        data      the draw's id
  selection_id   data      of which selection
  mode           data      in public with a number that nobody knows before, or by a seed
  method         data      the lottery's method
  panels         data      how many panels are prepared
  seed           sealed    the seed of the panels
  announced      data      when and where the number is drawn
  size           data      how many are drawn
  pool_size      data      out of how many
  input_digest   data      SHA-256 of what it was given
  state          data      where it stands
  number         data      the panel's number that was drawn
  randomness     data      how the number came about
  note           data      the secretariat's note
  optimal_lowest data      the lowest chance, at its best
  unreachable    data      how many have no chance
  failure_reason data      why it failed
  failure_metadata data    and of what
  create_time    data      when it was asked for
  update_time    data      when it was changed
  ready_time     data      when its panels stood
  commit_time    data      when they were committed to
  reveal_time    data      when the number was drawn
  publish_time   data      when it was published
  cancel_time    data      when it was withdrawn
  version        data      how often it was changed
draw_inputs: What a draw was given: pool and targets, as they stood.
  municipality_id data     the municipality
  draw_id        data      of which draw
  content        personal  canonical JSON: ids and answers, no names
draw_people: Whom the ids of a draw stand for.
  municipality_id data     the municipality
  draw_id        data      of which draw
  pool_id        personal  the id in the draw
  selection_id   data      of which selection
  person_id      personal  the person's id
draw_files: The draw's files: record, commitment, audit, receipts.
  municipality_id data     the municipality
  draw_id        data      of which draw
  filename       data      the file's name
  media_type     data      its kind
  size           data      its length in bytes
  sha256         data      its SHA-256
  secret         data      whether it is for the secretariat alone
  content        sealed    the file; of a secret one only when the number is drawn
seats: Who was drawn, and what they answered.
  municipality_id data     the municipality
  selection_id   data      of which selection
  seat_id        data      the seat's id, under which others know it
  draw_id        data      by which draw
  person_id      personal  whose it is
  answer         personal  whether they take it
  answer_time    data      when they said so
  version        data      how often it was changed
"""


def _is_out(draws: Table) -> ColumnElement[bool]:
    """Until the number is drawn, whoever has the seed knows every panel by its number."""
    return or_(draws.c.reveal_time.is_not(None), draws.c.publish_time.is_not(None))


def _file_is_out(files: Table) -> ColumnElement[bool]:
    draws = tables.draws
    of_it = [draws.c.municipality_id == files.c.municipality_id, draws.c.draw_id == files.c.draw_id]
    return or_(~files.c.secret, exists(select(draws.c.draw_id).where(*of_it, _is_out(draws))))


HOLDINGS = of_service(
    tables.metadata, _OWN, CHASSIS, COPY, seals={"draws": _is_out, "draw_files": _file_is_out}
)
