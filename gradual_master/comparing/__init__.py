"""Runs compared by their summaries (`gradual.summary/1`).

`reading` reads a summary into what a comparison needs, `levels` one level of it; `variation` finds how much runs of the
same system differ; `summaries` refuses what must not be compared, and compares the rest (`analysis.comparison`). All of
it is pure: summaries are given as documents, whether they come from files, a store or a run that has just ended.
"""
