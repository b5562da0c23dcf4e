"""The volunteer portal. Begun with its calendar."""
