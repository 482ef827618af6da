"""Objectives, checks of the measurement, and the verdict."""
