"""The facts of a host: what they are, and how they are read."""
