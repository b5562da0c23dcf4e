"""What was acknowledged to those who asked for it, by its ids."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Ledger:
    """One municipality's. Written by many threads, each under keys of its own."""

    municipality: str
    display_name: str = ""
    selections: list[str] = field(default_factory=list)
    draws: list[str] = field(default_factory=list)
    assemblies: list[str] = field(default_factory=list)
    initiatives: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    # Whether it was cancelled again.
    sign_ups: dict[str, bool] = field(default_factory=dict)
    # The last number asked for, by promise.
    wanted: dict[str, int] = field(default_factory=dict)
    commands: int = 0

    def done(self, listed: list[str], name: str) -> str:
        """Note the last part of a resource's name; the name."""
        listed.append(name.rpartition("/")[2])
        return name
