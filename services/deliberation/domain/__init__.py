"""Rules of the registry and of sign-in links:

standard library only; clock, ids and randomness are handed in.
"""
