"""Virtual users: what they know, do, assert and extract."""
