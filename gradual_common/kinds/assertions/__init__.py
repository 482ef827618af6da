"""Assertions: one file each, with its form in a plan, its predicate, and the text of its failure."""
