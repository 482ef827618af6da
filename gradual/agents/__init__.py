"""The agent processes of `gradual run`."""
