"""Assertions: one file each, with how it is written, when it holds, and what is said when it does not."""
