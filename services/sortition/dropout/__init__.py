"""Drop-out: alternates, replacement draws and over-draws. Pure: no files, sockets or clocks.

Import the module you need (`services.sortition.dropout.alternates`, …); this file stays empty so that NumPy
and HiGHS are loaded only by what solves.
"""
