"""The progress of a run, on standard error."""
