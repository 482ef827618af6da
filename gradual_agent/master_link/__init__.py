"""The connection to the master: gRPC streams, and the address they lead to."""
