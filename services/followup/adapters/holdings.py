"""What follow-up holds of a municipality: no person. See chassis.holdings."""

from __future__ import annotations

from chassis.holdings import of_service
from chassis.holdings.shared import CHASSIS, COPY
from services.followup.adapters import tables

_OWN = """
handovers: Reports that were handed over.
  municipality_id data     the municipality
  assembly_id    data      of which assembly
  digest         data      the report's SHA-256
  received_time  data      when it was heard of
  state          data      whether its promises are made
  trouble        data      why not
  title          data      the report's title
  handover_date  data      on which day it was handed over
promises: What the council owes answers to.
  municipality_id data     the municipality
  promise_id     data      the promise's id
  assembly_id    data      of which assembly
  position       data      its place in the report
  unit           data      a recommendation or an initiative
  subject        data      its resource
  title          data      its title
  text           data      its words
  recommendation_title data the recommendation's title
  handover_date  data      from which day dates are counted
  volunteers_wanted data   how many volunteers are sought
  volunteers_task data     what for
  create_time    data      when it was made
  update_time    data      when it was changed
  version        data      how often it was changed
checkpoints: By when an answer is owed, and how that date came about.
  municipality_id data     the municipality
  promise_id     data      of which promise
  checkpoint_id  data      the checkpoint's id
  months         data      so many months after the handover
  kind           data      within, or after
  rule           data      where a day that is no working day moves
  handover_date  data      from which day it is counted
  nominal_date   data      the day before it is moved
  due_date       data      the day it is due
  opens_date     data      from when it can be answered
  reasons        data      why it is that day
  effective_due  data      with the time that was granted since
  answered_on    data      when it was answered
  told_due       data      for which date 'no answer' was told
answers: The council's answers.
  municipality_id data     the municipality
  promise_id     data      of which promise
  checkpoint_id  data      at which checkpoint
  answer_id      data      the answer's id
  number         data      the first, the second and so on
  decision       data      followed, partly, under way, not followed
  reason         data      why
  committee      data      of which committee
  office         data      of which office
  actions        data      what is done
  evidence_uris  data      where that is seen
  answer_date    data      on which day
  create_time    data      when it was published
extensions: More time that was granted.
  municipality_id data     the municipality
  promise_id     data      of which promise
  checkpoint_id  data      at which checkpoint
  extension_id   data      the extension's id
  number         data      the first, the second and so on
  until_date     data      until when, as it was granted
  due_date       data      until when, as it is counted
  granted_on     data      on which day
  office         data      by which office
  reason         data      why
  reasons        data      why it is that day
  create_time    data      when it was published
"""

HOLDINGS = of_service(tables.metadata, _OWN, CHASSIS, COPY)
