"""The command groups of follow-up: its engine on the command line."""
