"""Think times: how long a user waits after a step. A distribution is a module here, listed in `parsing`."""
