"""Deliberation's command groups: the registry, and one for each of its engines."""
