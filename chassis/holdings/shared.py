"""What every store holds of a municipality: the chassis's own tables, and the copy of the registry."""

from __future__ import annotations

CHASSIS = """
outbox: Events that the service told about the municipality, in the order of their numbers.
  seq            data      the number in the store
  id             data      the event's id (CloudEvents `id`)
  municipality   data      the municipality
  topic          data      on which topic
  key            data      of which aggregate
  type           data      the message's full name
  headers        data      the CloudEvents attributes
  payload        data      the message, in protobuf's binary form: ids and counts only
  created        data      when it was told
  published      data      when it was sent; null: it waits
  attempts       data      how often it was tried in vain
  last_error     data      why the last try failed
outbox_sequences: The number of the last event of each aggregate.
  topic          data      on which topic
  key            data      of which aggregate
  municipality   data      the municipality
  last           data      its last event's number
inbox: Events that were heard and had their effect.
  consumer       data      who heard it
  event_id       data      the event's id
  municipality   data      the municipality
  received       data      when
inbox_positions: How far each consumer has heard each aggregate.
  consumer       data      who hears
  topic          data      on which topic
  key            data      of which aggregate
  municipality   data      the municipality
  sequence       data      the number of the last event heard
inbox_held: Events that wait behind another.
  consumer       data      who hears
  topic          data      on which topic
  key            data      of which aggregate
  sequence       data      the event's number
  event_id       data      the event's id
  municipality   data      the municipality
  headers        data      the CloudEvents attributes
  payload        data      the message, in protobuf's binary form
  received       data      when it came
  attempts       data      how often it was tried in vain
  next_attempt   data      when it is tried again
dead_letters: Events that could not be handled, and what was decided.
  id             data      the dead letter's id
  consumer       data      who hears
  topic          data      on which topic
  key            data      of which aggregate
  municipality   data      the municipality
  event_id       data      the event's id
  sequence       data      the event's number
  type           data      the message's full name
  error          data      the error's kind
  attempts       data      how often it was tried
  parked         data      since when it is parked
  resolved       data      when it was decided on
  resolution     data      replayed or skipped
jobs: Work that was asked for: draws, sweeps.
  id             data      the job's id
  kind           data      what kind of work
  municipality   data      the municipality
  key            data      of what
  payload        secret    what it works on; of a draw its seed, which may not be out yet
  state          data      QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED
  attempts       data      how often it was begun
  max_attempts   data      how often it may be
  fence          data      how often it was claimed
  worker         data      the process that has it
  lease_until    data      for how long it is that one's
  available      data      when it may begin
  cancel_requested data    whether it is to stop
  stage          data      how far it is
  progress       data      and in figures
  reason         data      why it failed
  reason_metadata data     and of what
  correlation_id data      joins it to lines of the log
  trace_parent   data      joins it to a trace
  created        data      when it was asked for
  started        data      when it was last begun
  finished       data      when it ended
idempotency: Answers that are kept for a request that is sent again.
  municipality   data      the municipality
  subject        personal  who asked, by the id of their sign-in
  request_id     data      under which id
  fingerprint    secret    a digest of what was asked
  response       secret    the answer, which may hold a sealed sign-in link; what it shows is in the tables
  created        data      when
audit_log: The audit trail: who did what to which resource.
  seq            data      the number in the store
  id             data      the entry's id
  time           data      when
  municipality   data      the municipality
  subject        personal  who, by the id of their sign-in
  roles          data      in which roles
  action         data      did what
  resource       data      to which resource
  details        data      ids and numbers; an operator's reason
  correlation_id data      joins it to lines of the log
erasures: Whether the municipality is erased.
  municipality   data      the municipality
  begun          data      since when
  done           data      when it was done
"""

COPY = """
municipalities: The service's copy of the registry's entry.
  municipality_id data     the municipality's slug
  display_name   data      what people call it
  time_zone      data      in which legal dates are counted
  languages      data      in which it addresses its citizens, its own first
  state          data      where it stands
"""
