"""The lottery: exact, transparent selection of a panel from a pool. Pure: no files, sockets or clocks.

Import the module you need (`services.sortition.lottery.leximin`, …); this file stays empty so that
NumPy, SciPy and HiGHS are loaded only by what solves.
"""
