"""REST out of the gRPC contract: each method's HTTP annotation makes its route, its messages the JSON."""
