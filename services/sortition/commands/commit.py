"""`lottery commit`: fix the panels in public before anybody knows the number."""

from __future__ import annotations

import secrets
from pathlib import Path

from services.sortition.lottery.number import Mode

from .draw import fixed_files, lottery_lines, save, solve_request
from .original import Original
from .request import Request
from .terminal import Terminal

# Reveal splits this into panel.csv and remaining.csv, and takes it away: by then the input may be gone.
POOL = "pool.json"


def run(terminal: Terminal, request: Request, announced: str, out: Path) -> None:
    """Solves with a fresh seed, which stays in audit.json; writes all but what follows from the number."""
    solved = solve_request(terminal, request, secrets.token_hex(32), Mode.PUBLIC, out, announced)
    files = {
        **fixed_files(solved),
        POOL: Original.of(solved.loaded.respondents).to_json(),
        "commitment.json": solved.published.commitment,
    }
    if solved.signer is not None:
        files |= solved.signer.sign("commitment.json", solved.published.commitment)
    save(terminal, out, files)
    words = terminal.words
    terminal.result(
        *lottery_lines(words, solved),
        words("commit.publish", path=str(out / "commitment.json"), last=str(request.panels - 1)),
        words("commit.keep", path=str(out)),
    )
