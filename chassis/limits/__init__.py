"""How much of a process one municipality may have: a rate of reads and of changes, and threads at a time.

What is over the rate waits for its turn, a second at most, and is refused beyond that. Each process counts
for itself.
"""
