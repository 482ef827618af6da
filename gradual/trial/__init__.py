"""`gradual try`: one user, one iteration."""
