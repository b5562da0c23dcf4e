"""`python -m chassis`: the command `borgerting`, also where its script is not installed."""

from chassis.cli import main

main()
