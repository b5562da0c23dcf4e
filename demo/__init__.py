"""A demonstration: two invented municipalities, loaded through the public APIs of a running suite."""
