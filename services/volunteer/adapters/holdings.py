"""What the volunteer portal holds of a municipality. See chassis.holdings."""

from __future__ import annotations

from chassis.holdings import of_service
from chassis.holdings.shared import CHASSIS, COPY
from services.volunteer.adapters import tables

_OWN = """
people: Volunteers.
  municipality_id data     the municipality
  person_id      personal  the person's id
  subject        personal  the id of their sign-in
  create_time    data      when they came
  erase_time     data      when they were erased
  version        data      how often it was changed
person_contacts: How volunteers are reached.
  municipality_id data     the municipality
  person_id      personal  the person's id
  display_name   personal  what they are called
  phone          personal  their telephone
  email          personal  their e-mail address
calendar_links: Addresses under which a volunteer's calendar asks for their tasks.
  municipality_id data     the municipality
  person_id      personal  whose
  digest         secret    SHA-256 of the address's secret
  create_time    data      when it was made
tasks: What volunteers can do.
  municipality_id data     the municipality
  task_id        data      the task's id
  title          data      what it is called
  text           data      what is done
  requirements   data      what is needed for it
  place          data      where
  private_text   data      what only those who come are told
  contact_office data      whom to ask, an office
  contact_phone  data      that office's telephone
  promise        data      for which promise
  promise_title  data      and its title
  state          data      where it stands
  create_time    data      when it was made
  update_time    data      when it was changed
  version        data      how often it was changed
slots: When a task is done, and by how many.
  municipality_id data     the municipality
  slot_id        data      the slot's id
  task_id        data      of which task
  start_time     data      from when
  end_time       data      until when
  time_zone      data      in which zone
  capacity       data      for how many
  sequence       data      how often calendars were told
  cancelled      data      whether it was cancelled
  confirmed      data      how many come
  waiting        data      how many wait
  last_number    data      the last sign-up's number
  create_time    data      when it was made
  update_time    data      when it was changed
  version        data      how often it was changed
sign_ups: Who comes to what.
  municipality_id data     the municipality
  sign_up_id     data      the sign-up's id
  task_id        data      for which task
  slot_id        data      for which slot
  person_id      personal  who
  state          data      comes, waits or cancelled
  number         data      their place in the queue
  create_time    data      when they signed up
  confirm_time   data      when they got the place
  cancel_time    data      when it was cancelled
  cancelled_by   data      by which side
sought_promises: Initiatives that need volunteers.
  municipality_id data     the municipality
  promise        data      the promise's resource
  wanted         data      how many
"""

HOLDINGS = of_service(tables.metadata, _OWN, CHASSIS, COPY)
