"""The command group `ballots`: count by a rule, open and seal a secret ballot, recount a published bundle.

`python -m services.deliberation.commands.ballots` runs it alone. Results go to stdout, refusals to stderr.
Exit codes: 0 done, 2 bad input, 3 refused (forged or doubled votes, more than were issued); `recount` has
those of `lottery verify`: 0 the count holds, 1 refused, 2 not readable.
"""

from __future__ import annotations

import io
import os
import secrets
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import folders
from chassis.words import Language, language_of_terminal
from services.deliberation.ballots import identity
from services.deliberation.ballots.board import Return, bundle, close, sign_board
from services.deliberation.ballots.codes import code_hash, mint_codes, printed
from services.deliberation.ballots.encoding import canonical, to_base64url
from services.deliberation.ballots.errors import BadInput, BallotError, Reason, bad
from services.deliberation.ballots.opening import (
    Opening,
    Role,
    SignerKeys,
    Way,
    check_signatures,
    opening_json,
    sign_opening,
)
from services.deliberation.ballots.recount import public_key
from services.deliberation.ballots.recount import recount as recount_bundle
from services.deliberation.ballots.rule import MOST, Choice
from services.deliberation.ballots.tally import Tally
from services.deliberation.ballots.tally import tally as decide
from services.deliberation.commands import ballots_box_input as box_reading
from services.deliberation.commands import ballots_input as reading
from services.deliberation.commands.ballots_files import tally_csv, tally_json
from services.deliberation.commands.ballots_help import OPEN_HELP, RECOUNT_HELP, SEAL_HELP, TALLY_HELP
from services.deliberation.commands.ballots_options import (
    Base,
    Chosen,
    Comparator,
    Entitled,
    Out,
    Present,
    QuorumOf,
    QuorumShare,
    SecretariatKey,
    TellerKey,
    Threshold,
)
from services.deliberation.commands.ballots_words import BallotsWords


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    RECOUNT_REFUSED = 1
    BAD_INPUT = 2
    REFUSED = 3
    DEFECT = 70


app = typer.Typer(
    name="ballots",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Count votes by a stated rule, hold a secret ballot, recount one that was published.",
)


@app.command("tally", help=TALLY_HELP)
def tally(
    votes: Annotated[
        Path,
        typer.Argument(
            help="CSV with a row per question (question, yes, no, abstain, blank, entitled, present, and the "
            "rule's options as columns), or a row per vote (question, choice). Or JSON (docs/ballots.md).",
            metavar="VOTES",
        ),
    ],
    base: Base = "",
    threshold: Threshold = "",
    comparator: Comparator = "",
    quorum: QuorumShare = "",
    quorum_of: QuorumOf = "",
    entitled: Entitled = "",
    present: Present = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A new or empty folder for tally.json and tally.csv.", metavar="DIR"),
    ] = None,
    language: Chosen = None,
) -> None:
    words = _words(language)
    defaults = {
        "base": base,
        "threshold": threshold,
        "comparator": comparator,
        "quorum": quorum,
        "quorum_of": quorum_of,
        "entitled": entitled,
        "present": present,
    }
    with _told(words):
        if out is not None:
            _check_new(out)
        results = {question.name: _decided(question) for question in reading.questions(votes, defaults)}
        if out is not None:
            _write(out, {"tally.json": tally_json(results), "tally.csv": tally_csv(results)})
    for name, result in results.items():
        for line in words.result(name, result):
            typer.echo(line)
        for notice in result.notices:
            typer.echo("  " + words.reason(notice))


@app.command("open", help=OPEN_HELP)
def open_(
    question: Annotated[str, typer.Option("--question", help="What is asked, as members read it.")],
    threshold: Threshold,
    entitled: Entitled,
    secretariat: SecretariatKey,
    teller: TellerKey,
    box: Annotated[Path, typer.Option("--box", help="The ballot box's private key (Ed25519, PEM).")],
    out: Out,
    base: Base = "",
    comparator: Comparator = "",
    quorum: QuorumShare = "",
    quorum_of: QuorumOf = "",
    codes: Annotated[
        int, typer.Option("--codes", help="Codes to seal and draw by hand.", min=0, max=MOST, metavar="N")
    ] = 0,
    paper: Annotated[bool, typer.Option("--paper", help="Papers may be cast too.")] = False,
    token_keys: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--token-keys",
            help="For voting from afar: the secretariat's and the teller's public RSA keys of this question "
            "(PEM).",
            metavar="SECRETARIAT TELLER",
        ),
    ] = None,
    option: Annotated[
        list[Choice] | None,
        typer.Option("--option", help="A choice that may be cast; all four when none is given."),
    ] = None,
    subject: Annotated[
        str, typer.Option("--subject", help="SHA-256 of the frozen text that is voted on.", metavar="HEX")
    ] = "",
    language: Chosen = None,
) -> None:
    words = _words(language)
    values = {
        "base": base,
        "threshold": threshold,
        "comparator": comparator,
        "quorum": quorum,
        "quorum_of": quorum_of,
    }
    with _told(words):
        _check_new(out)
        keys = {Role.SECRETARIAT: _private(secretariat), Role.TELLER: _private(teller)}
        rsa = [identity.token_key_from_pem(reading.content(path), path.name) for path in token_keys or ()]
        first, second = (
            SignerKeys(role, identity.public_of(key), rsa[place] if rsa else None)
            for place, (role, key) in enumerate(keys.items())
        )
        ways = {Way.CODE: codes > 0, Way.PAPER: paper, Way.TOKEN: bool(rsa)}
        ballot, sealed = str(uuid.uuid4()), mint_codes(codes, secrets.token_bytes)
        opening = Opening(
            ballot=ballot,
            question=question,
            rule=reading.make_rule(values),
            entitled=reading.whole(entitled, file="--entitled", column="--entitled"),
            ways=frozenset(way for way, is_open in ways.items() if is_open),
            box=identity.public_of(_private(box)),
            signers=(first, second),
            subject=subject or None,
            options=tuple(choice for choice in Choice if choice in (option or Choice)),
            codes=tuple(sorted(code_hash(ballot, code) for code in sealed)),
        )
        signatures = {
            role.value: to_base64url(sign_opening(opening, role, key)) for role, key in keys.items()
        }
        files = {
            "opening.json": canonical({"opening": opening_json(opening), "signatures": dict(signatures)})
        }
        if sealed:
            files["codes.csv"] = ("code\n" + "".join(f"{printed(code)}\n" for code in sealed)).encode()
        _write(out, files)
    typer.echo(
        words.catalogue.text("ballots.opened", file=f"{out.name}/opening.json", digest=opening.digest.hex())
    )
    if sealed:
        typer.echo(words.catalogue.text("ballots.codes", file=f"{out.name}/codes.csv", codes=codes))


@app.command("seal", help=SEAL_HELP)
def seal(
    opening: Annotated[
        Path, typer.Argument(help="opening.json, as published before the vote.", metavar="OPENING")
    ],
    secretariat: SecretariatKey,
    teller: TellerKey,
    out: Out,
    issued: Annotated[
        list[str],
        typer.Option(
            "--issued", help="Credentials issued: code=N, paper=N, token=N; once per way.", metavar="WAY=N"
        ),
    ],
    votes: Annotated[
        Path | None,
        typer.Option("--votes", help="CSV (choice, code), or JSON with tokens too.", metavar="FILE"),
    ] = None,
    voided: Annotated[
        Path | None,
        typer.Option("--voided", help="CSV (code): the codes left over, which are voided.", metavar="FILE"),
    ] = None,
    papers: Annotated[
        Path | None,
        typer.Option(
            "--papers",
            help="CSV (role, yes, no, abstain, blank): the papers as secretariat and teller counted them.",
            metavar="FILE",
        ),
    ] = None,
    present: Present = "",
    language: Chosen = None,
) -> None:
    words = _words(language)
    with _told(words):
        _check_new(out)
        keys = {Role.SECRETARIAT: _private(secretariat), Role.TELLER: _private(teller)}
        record, opened = box_reading.opening_file(opening)
        check_signatures(record, identity.Label.OPENING, record.content, opened)
        told = Return(
            box_reading.issued(issued),
            box_reading.voided(voided) if voided else (),
            box_reading.papers(papers) if papers else None,
            reading.whole(present, file="--present", column="--present") if present else None,
        )
        board = close(record, box_reading.votes(votes) if votes else (), told)
        closed = {role: sign_board(board, role, key) for role, key in keys.items()}
        _write(out, {"bundle.json": bundle(board, opened, closed)})
    for line in words.board(board):
        typer.echo(line)
    typer.echo(words.catalogue.text("ballots.sealed", file=f"{out.name}/bundle.json"))


@app.command("recount", help=RECOUNT_HELP)
def recount(
    bundle: Annotated[Path, typer.Argument(help="bundle.json, as published.", metavar="BUNDLE")],
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="A signer's published key (PEM); once per signer.", metavar="FILE"),
    ] = None,
    opening: Annotated[
        Path | None,
        typer.Option("--opening", help="opening.json, as you saved it before the vote.", metavar="FILE"),
    ] = None,
    receipt: Annotated[
        list[Path] | None,
        typer.Option("--receipt", help="A voter's receipt: is its entry there?", metavar="FILE"),
    ] = None,
    language: Chosen = None,
) -> None:
    words = _words(language)
    with _told(words):
        keys = [_public(path) for path in key or ()]
        receipts = [reading.content(path) for path in receipt or ()]
        saved = reading.content(opening) if opening else None
        report = recount_bundle(reading.content(bundle), keys, receipts, saved)
    for line in words.recount(report):
        typer.echo(line)
    raise typer.Exit(report.exit_code)


def _decided(question: reading.Question) -> Tally:
    """The question's result; what contradicts itself is told with its row."""
    try:
        return decide(question.rule, question.counts, entitled=question.entitled, present=question.present)
    except BadInput as error:
        raise BadInput([Reason(r.code, {"row": question.row, **r.params}) for r in error.reasons]) from None


@contextmanager
def _told(words: BallotsWords) -> Iterator[None]:
    """Errors of the engine become lines and exit codes."""
    try:
        yield
    except BallotError as error:
        for line in words.error(error):
            typer.echo(line, err=True)
        code = Exit.BAD_INPUT if isinstance(error, BadInput) else Exit.REFUSED
        raise typer.Exit(int(code)) from None
    except Exception as error:
        # The kind of a defect helps its repair; its text could quote what people are not to see.
        typer.echo(words.catalogue.text("ballots.defect", kind=type(error).__name__), err=True)
        raise typer.Exit(int(Exit.DEFECT)) from None


def _words(language: Language | None) -> BallotsWords:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows a question mark; it does not end the command.
            stream.reconfigure(errors="replace")
    return BallotsWords(language or language_of_terminal(os.environ))


def _private(path: Path) -> Ed25519PrivateKey:
    return identity.private_from_pem(reading.content(path), path.name)


def _public(path: Path) -> bytes:
    try:
        return public_key(reading.content(path).decode("utf-8", "replace"))
    except ValueError:
        raise bad("PUBLIC_KEY_UNUSABLE", file=path.name) from None


def _check_new(out: Path) -> None:
    if code := folders.refused(out.absolute()):
        raise bad(code, folder=out.name)


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        folders.write_new(out.absolute(), files)
    except OSError:
        raise bad("OUT_NOT_WRITABLE", folder=out.name) from None


if __name__ == "__main__":
    app(prog_name="borgerting ballots")
