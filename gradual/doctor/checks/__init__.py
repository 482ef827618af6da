"""The checks of a host: each is a pure function of the facts and of the load that is intended."""
