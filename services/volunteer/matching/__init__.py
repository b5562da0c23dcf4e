"""Matching people and volunteer work: ranked search with reasons, deferred acceptance where both sides
rank, and coverage planning. Pure: no clock, file or socket; dates and seeds are arguments.

Import the module you need: `search` ranks tasks for a person, `acceptance` matches applicants to hosts and
`stability` checks that, `cover` plans who takes which slot and `cover_check` checks that; `*_types` have
what goes in and comes out, `errors` what may be wrong with it. docs/matching.md explains.
"""
