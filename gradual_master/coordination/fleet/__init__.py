"""The agents of a run: who they are, what state each is in, and how long its lease lasts."""
