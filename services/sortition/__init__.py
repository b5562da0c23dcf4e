"""Sortition: from a pool of volunteers to a panel that anyone can check."""
