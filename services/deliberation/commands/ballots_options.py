"""The options that several commands `ballots …` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chassis.words import Language

Base = Annotated[
    str,
    typer.Option(
        "--base",
        help="Of whom the threshold is a share: for_against (for and against only), cast (abstentions and "
        "blanks too), entitled, present.",
        metavar="BASE",
    ),
]
Threshold = Annotated[
    str, typer.Option("--threshold", help="Share of the base that adopts: '70 %' or '2/3'.", metavar="SHARE")
]
Comparator = Annotated[
    str,
    typer.Option("--comparator", help="at_least (>=) or more_than (>) the threshold.", metavar="COMPARATOR"),
]
QuorumShare = Annotated[
    str, typer.Option("--quorum", help="Share of those entitled who must take part.", metavar="SHARE")
]
QuorumOf = Annotated[
    str, typer.Option("--quorum-of", help="Who counts for it: cast (the default) or present.", metavar="WHO")
]
Entitled = Annotated[str, typer.Option("--entitled", help="How many may vote.", metavar="N")]
Present = Annotated[
    str, typer.Option("--present", help="How many took part, in the room or from afar.", metavar="N")
]
Chosen = Annotated[Language | None, typer.Option("--language", help="Of results and errors.")]
Out = Annotated[Path, typer.Option("--out", help="A new or empty folder for the files.", metavar="DIR")]
SecretariatKey = Annotated[
    Path, typer.Option("--secretariat", help="The secretariat's private key (Ed25519, PEM).", metavar="KEY")
]
TellerKey = Annotated[
    Path, typer.Option("--teller", help="The teller's private key (Ed25519, PEM).", metavar="KEY")
]
