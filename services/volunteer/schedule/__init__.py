"""Slots and series: when work takes place, whether a person's shifts clash, the hour rules for the young,
and the calendar file. Pure: no clock, no socket; time zones are arguments.

Import the module you need: `expand` makes slots of a series, `clash` compares shifts, `young` checks hours
against `young_rules`, `ics` writes iCalendar, `types` has what goes in and comes out, `errors` what may be
wrong with it. docs/schedule.md explains.
"""
