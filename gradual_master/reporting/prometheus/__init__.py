"""`-o prometheus=[HOST:]PORT`: an HTTP endpoint that Prometheus scrapes."""
