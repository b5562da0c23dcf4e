"""Measurements, each printed side by side with a peer or a physical limit from the same run."""
