"""Rules of the registry, of sign-in links, of assemblies and their reports:

standard library only; clock, ids and randomness are handed in.
"""
