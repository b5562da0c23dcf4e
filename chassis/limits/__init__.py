"""How much of a process one municipality may have: a rate of reads and of changes, threads at a time, and who
goes first.

What is over the rate waits for its turn, some seconds at most, and is refused beyond. Each process counts for
itself.
"""
