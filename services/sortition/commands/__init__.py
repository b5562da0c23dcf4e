"""The `lottery` commands: check, draw, commit, reveal, verify, explain. `app` is the typer group.

Light to import: what solves or reads files is imported by the command that needs it.
"""

from .app import app

__all__ = ["app"]
