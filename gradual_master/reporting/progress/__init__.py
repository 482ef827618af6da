"""How the run is going, on standard error."""
