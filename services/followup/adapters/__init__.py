"""Follow-up's store, surfaces, neighbours and workers."""
