"""Checks of a plan: one module per subject."""
