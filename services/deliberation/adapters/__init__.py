"""Store, gRPC, REST and pages: what joins the use cases to the world."""
