"""Faults made for real: processes killed at named steps and at any moment, brokers and stores stopped, cut
off, slow, half-open, full, failed over; and a checker of what is left.

    python -m tests.faults --help
"""
