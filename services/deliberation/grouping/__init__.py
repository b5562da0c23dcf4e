"""Rotating groups: who sits with whom in which round. Pure: the standard library only,
no files, sockets or clocks.

Import the module you need: `plan` makes plans, `types` has what goes in and comes out, `errors` what may be
wrong with it, `figures` counts a finished plan anew. docs/rotating-groups.md explains the method.
"""
