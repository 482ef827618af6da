"""Runs virtual users on one machine and reports what they measured."""
