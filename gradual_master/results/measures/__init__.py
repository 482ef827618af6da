"""Measures of merged batches: totals, intervals, series, levels."""
