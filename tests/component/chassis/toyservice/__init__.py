"""A service with one of everything, to test the chassis with."""
