"""Rules of the volunteer portal: pure, on the standard library. Clock and ids are handed in."""
