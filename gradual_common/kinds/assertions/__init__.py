"""Assertions: how each is written in a plan, its predicate, and the text of its failure."""
