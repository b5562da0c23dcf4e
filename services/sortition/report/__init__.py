"""What people read about a draw: in plain words, as a page, and as the verdict of a check."""
