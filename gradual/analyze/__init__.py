"""`gradual analyze`: the scalability law of measurements from any tool."""
