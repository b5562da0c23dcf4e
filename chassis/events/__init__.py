"""Facts that services tell one another: envelope, ports, and the adapters that carry them."""
