"""The `invitation` commands: sample and forecast. `app` is the typer group; light to import."""

from .app import app

__all__ = ["app"]
