"""The store: runs and baselines that outlive their processes, in a SQLite file.

`location` says where it is, without loading the database library; `opening` opens it and brings it to this version's
tables (`tables`, `migrations/`). `runs` and `baselines` read and write it; `packing` has the form of a summary and a
plan in it. `reporter` writes a run at its end, in a thread of its own.
"""
