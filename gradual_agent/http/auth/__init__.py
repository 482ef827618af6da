"""Authentication of requests: one module for each scheme."""
