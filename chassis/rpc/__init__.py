"""gRPC: one server, one way to call, and the same behaviour inside a process as over TCP."""
