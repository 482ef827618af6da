"""`gradual doctor`: reads the facts of this host, judges each, and prints what to change and why."""
