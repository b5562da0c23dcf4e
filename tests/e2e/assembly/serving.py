"""What the nursery forks for the story: the very command `borgerting serve --service NAME`."""

from __future__ import annotations

from chassis.cli import app


def serve(name: str) -> None:
    app(["serve", "--service", name], standalone_mode=False)
