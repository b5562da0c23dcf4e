"""Deadlines: the dates by which a council answers, how each came about, and what is overdue. Pure:
no clock, no file, no socket; what the libraries `holidays` and `python-dateutil` know comes with them.

Import the module you need: `dates` counts, `status` says what is overdue, `calendar` knows working days,
`types` has what goes in and comes out, `errors` what may be wrong with it. docs/deadlines.md explains.
"""
