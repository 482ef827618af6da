"""Analysis of levels and runs: pure functions over measured values; no I/O, no clock."""
