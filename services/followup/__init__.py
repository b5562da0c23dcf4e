"""Follow-up: what a council promised to answer, by when, and whether it did."""
