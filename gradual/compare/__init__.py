"""`gradual compare`: two sets of runs, each by its summaries, and whether the second got worse."""
