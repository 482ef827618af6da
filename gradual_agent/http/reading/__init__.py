"""Bytes to responses, without I/O."""
