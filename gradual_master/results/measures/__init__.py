"""Figures from merged batches: totals, intervals, series, levels."""
