"""Certificates and tokens for a fleet: a small authority of its own, for its master and its agents.

`issuing` makes them as bytes, `hosts` reads the names of the master, `folder` keeps them in files.
"""
