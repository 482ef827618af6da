"""The search for capacity during a run: closed intervals in, levels to run out (ramp `find_capacity`).

It loads the numerical library, so it is imported by runs that search only.
"""
