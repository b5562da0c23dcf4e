"""The `rotation` commands: plan and draw. `app` is the typer group; light to import."""

from .app import app

__all__ = ["app"]
