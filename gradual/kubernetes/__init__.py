"""Gradual on Kubernetes: the objects of a run, and the commands that start, watch and end it."""
