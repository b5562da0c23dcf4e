"""Ballots: counting by a stated rule, secrecy from the operator, and a result that anyone can recount.

Pure: the standard library, `cryptography` and `gmpy2`; no files, sockets or clocks; randomness is handed in.
Import the module you need: `rule` and `tally` count; `opening` fixes question, rule and keys; `codes`,
`tokens` and `blind` make credentials; `signer` issues them and `box` takes votes in, two processes that
share nothing; `board` publishes; `recount` checks, in one file of its own. docs/ballots.md explains it all.
"""
