"""Deliberation: so far its first room, the registry of municipalities and the one-time sign-in links."""
