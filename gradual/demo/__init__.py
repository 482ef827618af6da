"""A small bank to test against: accounts, tokens, latencies that grow with the load, and exact counts of requests."""
