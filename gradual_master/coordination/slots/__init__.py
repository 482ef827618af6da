"""The assignment of slots to agents."""
