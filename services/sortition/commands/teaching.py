"""Help in the reader's language: options and commands carry catalogue keys, which become words when shown."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

from services.sortition.words import Words

from .terminal import language


def _translate(command: Any, words: Words) -> None:
    for attribute in ("help", "short_help", "epilog"):
        key = getattr(command, attribute, None)
        if key and words.has(key):
            setattr(command, attribute, words(key))
    for parameter in command.params:
        key = getattr(parameter, "help", None)
        if key and words.has(key):
            parameter.help = words(key)


class TeachingCommand(TyperCommand):
    """A command whose help is looked up, not written in the code."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _translate(self, Words(language()))
        super().format_help(ctx, formatter)


class TeachingGroup(TyperGroup):
    """A group whose help, and whose commands' short help, are looked up."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        words = Words(language())
        _translate(self, words)
        for command in self.commands.values():
            _translate(command, words)
        super().format_help(ctx, formatter)
