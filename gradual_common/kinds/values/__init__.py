"""Values in responses: how they are found, and the metrics that a plan makes of them."""
