"""The help of the commands `ballots …`, with examples that work as printed, one after the other."""

from __future__ import annotations

TALLY_HELP = """Count votes and decide each question by its rule, in whole numbers.

16 of 23 shows as 70 % and fails a threshold of 70 %: nothing is rounded before it is compared. A share of
nobody is undefined. Every figure comes with its counts. Votes are not weighted.

\b
Example, as it stands:
  printf 'question,yes,no,abstain,blank\\nTrees,16,7,2,0\\nBenches,21,9,0,1\\n' > votes.csv
  borgerting ballots tally votes.csv --threshold '70 %' --entitled 36 --quorum '50 %' --out counted
"""

OPEN_HELP = """Open a secret ballot: write and sign its record, and make codes to seal and draw.

Publish opening.json before anybody gets a credential. Print codes.csv, seal the codes one by one, let each
member draw one, and destroy the file: whoever has a code can vote with it. Nothing is drawn from a seed here:
a code that could be made again could be known. The engine signs for one signer at a time, so that each can
keep their own key; this command takes both, for trials and small rooms.

\b
Example, as it stands:
  for who in secretariat teller box; do
    openssl genpkey -algorithm ed25519 -out $who.pem
    openssl pkey -in $who.pem -pubout -out $who.pub.pem
  done
  borgerting ballots open --question 'More trees?' --threshold '70 %' --entitled 12 --codes 8 \\
    --secretariat secretariat.pem --teller teller.pem --box box.pem --out opened
"""

SEAL_HELP = """Close a secret ballot: check and count every vote, sign the board, write the bundle to publish.

Refuses (exit 3) forged, unknown and doubled credentials, more votes than were issued, and left-over codes
that do not add up. Credentials left over are voided: give them with --voided.

\b
Example, after that of `open`: seven drew a code and voted, one code was left over.
  { echo choice,code; sed -n '2,6p' opened/codes.csv | sed 's/^/yes,/'
    sed -n '7,8p' opened/codes.csv | sed 's/^/no,/'; } > box.csv
  { echo code; sed -n '9p' opened/codes.csv; } > left.csv
  borgerting ballots seal opened/opening.json --votes box.csv --voided left.csv --issued code=7 \\
    --secretariat secretariat.pem --teller teller.pem --out closed
"""

RECOUNT_HELP = """Recount a published ballot, trusting nothing but the bundle and the published keys.

Names what was tampered with: dropped, added, altered, forged, duplicated, re-ordered, a wrong key, a token of
another question, a changed rule, more cast than issued. services/deliberation/ballots/recount.py does the
same alone, with Python and nothing else. Exit codes: 0 the count holds, 1 refused, 2 not readable.

\b
Example, after that of `seal`:
  borgerting ballots recount closed/bundle.json --key secretariat.pub.pem --key teller.pub.pem \\
    --opening opened/opening.json
"""
