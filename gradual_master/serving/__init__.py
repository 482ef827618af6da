"""The gRPC server of the master."""
