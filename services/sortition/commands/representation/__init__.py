"""The `representation` commands: seats and account. `app` is the typer group; light to import."""

from .app import app

__all__ = ["app"]
