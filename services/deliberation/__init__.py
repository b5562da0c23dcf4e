"""Deliberation: the registry of municipalities, sign-in links, assemblies and their reports."""
