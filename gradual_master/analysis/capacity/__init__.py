"""The search for capacity: the greatest number of users with which a system meets its objectives.

`CapacitySearch.handle(event)` answers with instructions (set a number of users, end) and reads no clock. Levels are
tried one after another: the load climbs until a trial fails, then the search bisects; the level that it finds is
confirmed by a fresh trial, and an overload shows whether the system recovers.
"""
