"""Ramps: how the number of users changes over a phase. A strategy is a module here, listed in `parsing`.

Everything is integer or decimal arithmetic: the same curve on every machine.
"""
