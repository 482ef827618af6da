"""Side-by-side measurements: against peers in the same run, or as medians of several runs (`python -m bench`)."""
