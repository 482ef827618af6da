"""The summary of a run: `gradual.summary/1`."""
