"""Histograms of times: exact counts, quantiles within 0.55 %."""
