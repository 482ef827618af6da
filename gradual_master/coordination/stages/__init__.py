"""The stages of a run: what it waits for in each state, what is done once per run, and how the run ends."""
