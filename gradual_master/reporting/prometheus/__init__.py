"""`-o prometheus=[HOST:]PORT`: the run as a target that Prometheus scrapes."""
