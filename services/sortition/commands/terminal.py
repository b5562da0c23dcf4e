"""What every command does with a terminal: language, results on stdout, progress on stderr, exit codes."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from chassis.words import language_of_terminal
from services.sortition.words import LANGUAGES, Words

P = ParamSpec("P")
R = TypeVar("R")


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    OK = 0
    REFUSED = 1
    BAD_INPUT = 2
    INFEASIBLE = 3
    DEFECT = 70
    INTERRUPTED = 130


class Refusal(Exception):  # noqa: N818 - an outcome of a command, not a defect
    """Ends a command with an exit code after `lines` are printed, on stdout if they are its result."""

    def __init__(self, code: Exit, lines: Sequence[str], *, result: bool = False) -> None:
        super().__init__(code.name)
        self.code = code
        self.lines = lines
        self.result = result


def language(arguments: Sequence[str] | None = None) -> str:
    """The person's language: --language, else LC_ALL, LC_MESSAGES or LANG, else English.

    Read from the raw arguments, since help is shown before options are.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    for i, argument in enumerate(arguments):
        given = ""
        if argument == "--language" and i + 1 < len(arguments):
            given = arguments[i + 1]
        elif argument.startswith("--language="):
            given = argument.split("=", 1)[1]
        if given in LANGUAGES:
            return given
    return language_of_terminal(os.environ)


class Terminal:
    """Where a command writes. `words` are those of the language asked for."""

    def __init__(self, chosen: str | None = None) -> None:
        self.words = Words(chosen or language())

    def result(self, *lines: str) -> None:
        for line in lines:
            print(line)  # noqa: T201 - results belong on stdout

    def progress(self, *lines: str) -> None:
        for line in lines:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress belongs on stderr

    def steps(self) -> Callable[[str, float | None], None]:
        """A listener for the solver's steps: each kind of step is told once."""
        told: set[str] = set()

        def tell(step: str, figure: float | None) -> None:
            key = f"cli.progress.{step}"
            if step not in told and self.words.has(key):
                told.add(step)
                self.progress(self.words(key))

        return tell


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command with every ending turned into an exit code: refusal, interruption, defect. No traceback."""

    @functools.wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        for stream in (sys.stdout, sys.stderr):
            # A terminal that lacks a letter shows a question mark; it does not end the command.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            command(*arguments, **options)
            sys.stdout.flush()
        except Refusal as refusal:
            stream = sys.stdout if refusal.result else sys.stderr
            for line in refusal.lines:
                print(line, file=stream)
            raise typer.Exit(int(refusal.code)) from None
        except KeyboardInterrupt:
            print(Words(language())("cli.interrupted"), file=sys.stderr, flush=True)  # noqa: T201
            sys.stdout.flush()
            # The solver's thread may still be inside compiled code, which an orderly exit would wait for.
            os._exit(Exit.INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the results has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(int(Exit.OK)) from None
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except MemoryError:
            print(Words(language())("cli.memory"), file=sys.stderr)  # noqa: T201
            raise typer.Exit(int(Exit.DEFECT)) from None
        except UnicodeEncodeError:
            # Only an option can hold bytes that are no text: files are decoded when they are read.
            print(Words(language())("cli.not_text"), file=sys.stderr)  # noqa: T201
            raise typer.Exit(int(Exit.BAD_INPUT)) from None
        except Exception as error:
            # The kind and place of a defect help its repair; its text could quote a person's data.
            print(  # noqa: T201
                Words(language())("cli.defect", kind=type(error).__name__, place=_place(error)),
                file=sys.stderr,
            )
            raise typer.Exit(int(Exit.DEFECT)) from None

    return run


def _place(error: Exception) -> str:
    """Module file and line where the error arose."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""


def interruptible(work: Callable[[], R]) -> R:
    """Run `work` in a thread of its own and give its result, so that Ctrl-C is heard while a solver runs."""
    results: list[R] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.2)
    if errors:
        raise errors[0]
    return results[0]
