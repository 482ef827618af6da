"""Data sets: their rows, and who gets which."""
