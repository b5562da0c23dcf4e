"""Where the volunteer portal meets its store, its neighbours, gRPC, REST and browsers."""
