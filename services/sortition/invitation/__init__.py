"""Invitation: whom to write to so that the pool can fill the panel, and what the replies will come to.

Pure: no files, sockets or clocks; chance comes from the seed that is handed in. Import the module you need
(`register`, `rates`, `allocation`, `sample`, `chances`, `forecast`); this file stays empty so that NumPy,
SciPy and HiGHS are loaded only by what computes.
"""
