"""Rows of data sets with `per: iteration`: handed out to agents in blocks, each row once."""
