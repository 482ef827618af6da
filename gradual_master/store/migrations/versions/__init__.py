"""A file per change, named by its revision."""
