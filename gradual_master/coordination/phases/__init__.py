"""The phases of a run, as its life cycle has them: preparing, under load, ending."""
