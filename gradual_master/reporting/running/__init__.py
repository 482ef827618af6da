"""The reporters of a run: found by name, then run in threads of their own."""
