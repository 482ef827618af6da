"""A small bank to try Gradual on: state, tokens, latencies that grow with load, and exact counts of its own."""
