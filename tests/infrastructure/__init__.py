"""The real servers that tests start themselves, on loopback, and stop by their process id."""
