"""The rules of follow-up: standard library, errors and the engine of deadlines only."""
