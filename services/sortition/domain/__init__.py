"""The rules of selecting a panel: standard library only; clock, ids and randomness are handed in."""
