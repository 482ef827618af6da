"""Figures, failures and levels in words, as every report writes them."""
