"""REST out of gRPC: each method's route, JSON and schema by its `google.api.http` annotation."""
