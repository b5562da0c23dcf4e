"""Use cases, one file each, and the ports that they ask of."""
