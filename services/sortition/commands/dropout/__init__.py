"""The `dropout` commands: alternates, replace, overdraw. `app` is the typer group; light to import."""

from .app import app

__all__ = ["app"]
