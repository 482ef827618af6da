"""Batches, merged exactly."""
