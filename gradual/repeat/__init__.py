"""`gradual repeat`: a plan run several times, also against two systems by turns, and what the runs differ by."""
