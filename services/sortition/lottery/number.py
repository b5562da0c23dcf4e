"""How a draw's number comes about: the rule that is published beforehand, and the formulas it names."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from services.sortition.lottery.canonical import JSON
from services.sortition.lottery.generator import Generator
from services.sortition.lottery.verifier import FORMULAS, STATEMENTS

__all__ = ["FORMULAS", "STATEMENTS", "WORDS", "Mode", "from_randomness", "from_seed", "rule"]


class Mode(StrEnum):
    """Who makes the number: anybody in public after the panels are fixed, or the seed."""

    PUBLIC = "public"
    SEEDED = "seeded"


WORDS = {
    Mode.PUBLIC: "The panels are numbered from 0. The number drawn names the panel that is convened. "
    "It is read from dice or a lottery drum, or follows by the formula from a text published after this "
    "commitment, with D the digest of the commitment and m the number of panels.",
    Mode.SEEDED: "The panels are numbered from 0. The number follows by the formula from the "
    "seed, with m the number of panels and Generator as docs/record.md specifies it.",
}


def rule(mode: Mode, announced: str) -> dict[str, JSON]:
    """The rule as it stands in the commitment; `announced` names the source of the number beforehand."""
    return {"announced": announced, "formula": FORMULAS[mode], "words": WORDS[mode]}


def from_seed(seed: str, panels: int) -> int:
    """The number that the specified generator makes of `seed`, 0 … panels - 1."""
    return Generator(seed, "outcome").below(panels)


def from_randomness(digest: str, text: str, panels: int) -> int:
    """The number that a published `text` gives under the commitment with this whole `digest`.

    SHA-256 of the UTF-8 bytes of digest, a line feed and the text, read as an unsigned integer, most
    significant byte first, modulo `panels` (the bias of the modulus is below panels / 2**256).
    """
    return int.from_bytes(hashlib.sha256(f"{digest}\n{text}".encode()).digest(), "big") % panels
